using System;
using System.Threading;

namespace Facecue.Voice
{
    /// <summary>
    /// Hands mono samples from one thread (sound) to another (the game). Bounded; what does not fit is dropped and counted.
    /// </summary>
    public sealed class SampleRing
    {
        public SampleRing(int capacity) => _samples = new float[capacity];

        /// <summary>Samples that found no room.</summary>
        public long Dropped => Interlocked.Read(ref _dropped);

        /// <summary>Mixes interleaved channels to mono and writes them. For the one writer.</summary>
        public void Write(float[] data, int channels)
        {
            long write = _written, read = Interlocked.Read(ref _read);
            var frames = data.Length / channels;
            var fit = (int)Math.Min(frames, _samples.Length - (write - read));
            for (var i = 0; i < fit; i++)
            {
                float sum = 0;
                for (var c = 0; c < channels; c++) sum += data[i * channels + c];
                _samples[(int)((write + i) % _samples.Length)] = sum / channels;
            }
            Interlocked.Exchange(ref _written, write + fit);
            if (fit < frames) Interlocked.Add(ref _dropped, frames - fit);
        }

        /// <summary>Takes what waits, at most as much as fits; how many samples. For the one reader.</summary>
        public int Read(float[] into)
        {
            long read = _read, written = Interlocked.Read(ref _written);
            var count = (int)Math.Min(written - read, into.Length);
            for (var i = 0; i < count; i++) into[i] = _samples[(int)((read + i) % _samples.Length)];
            Interlocked.Exchange(ref _read, read + count);
            return count;
        }

        readonly float[] _samples;
        long _written, _read, _dropped;
    }
}
