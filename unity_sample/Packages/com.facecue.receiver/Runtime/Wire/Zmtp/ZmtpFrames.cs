using System;

namespace Facecue.Wire
{
    /// <summary>
    /// Cuts the bytes of a ZMTP connection into frames, within one buffer that never grows. A frame over the limit is
    /// passed over without being kept; one that is absurd breaks the line.
    /// </summary>
    public sealed class ZmtpFrames
    {
        public enum Step { Wait, Frame, Skipped, Broken }

        /// <summary>Bytes of a frame that is handed out: a map of the wire, and the seal of CURVE around it.</summary>
        public const int Limit = NativeMap.SizeLimit + 64;

        /// <summary>A longer frame is no mistake but an attack: the line is closed.</summary>
        public const long SkipLimit = 1 << 24;

        const int More = 1, Long = 2, Command = 4;

        readonly byte[] _data = new byte[2 * Limit];
        int _start, _end;
        long _skip;

        /// <summary>Where the bytes of the frame that was found are.</summary>
        public byte[] Data => _data;

        /// <summary>Bytes that were not looked at yet.</summary>
        public int Waiting => _end - _start;

        public int Start { get; private set; }
        public int Length { get; private set; }
        public bool HasMore { get; private set; }
        public bool IsCommand { get; private set; }

        /// <summary>Forgets everything, for a new connection.</summary>
        public void Reset()
        {
            _start = _end = 0;
            _skip = 0;
        }

        /// <summary>Where bytes may be put, and how many; then say Filled. What was found before is gone.</summary>
        public int Room(out int offset)
        {
            if (_start > 0)
            {
                Buffer.BlockCopy(_data, _start, _data, 0, _end - _start);
                _end -= _start;
                _start = 0;
            }
            offset = _end;
            return _data.Length - _end;
        }

        public void Filled(int count)
        {
            _end += count;
            Pass();
        }

        /// <summary>Takes bytes that are no frame (the greeting); false while they are not all there.</summary>
        public bool Take(int count, out int start)
        {
            start = _start;
            if (_end - _start < count) return false;
            _start += count;
            return true;
        }

        /// <summary>The next frame, whole.</summary>
        public Step Next()
        {
            Pass();
            var there = _end - _start;
            if (there < 2) return Step.Wait;
            int flags = _data[_start];
            if ((flags & ~(More | Long | Command)) != 0 || (flags & (More | Command)) == (More | Command))
                return Step.Broken;
            var head = 2;
            ulong length = _data[_start + 1];
            if ((flags & Long) != 0)
            {
                head = 9;
                if (there < head) return Step.Wait;
                length = Bits.Big64(_data, _start + 1);
            }
            HasMore = (flags & More) != 0;
            IsCommand = (flags & Command) != 0;
            if (length > Limit)
            {
                if (length > (ulong)SkipLimit) return Step.Broken;
                _start += head;
                _skip = (long)length;
                Pass();
                return Step.Skipped;
            }
            if ((ulong)(there - head) < length) return Step.Wait;
            Start = _start + head;
            Length = (int)length;
            _start = Start + Length;
            return Step.Frame;
        }

        void Pass()
        {
            var now = (int)Math.Min(_skip, _end - _start);
            _start += now;
            _skip -= now;
        }
    }
}
