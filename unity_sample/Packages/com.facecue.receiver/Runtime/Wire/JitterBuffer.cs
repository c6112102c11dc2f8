using System;

namespace Facecue.Wire
{
    /// <summary>
    /// Plays frames at audio time. One thread pushes and samples: Push(frame, frame.ArrivalS) whatever a source has,
    /// then Sample(FaceClock.NowS, into) once a picture. Between two frames it interpolates; where the next one is late
    /// the face goes on as it moved for a moment, then eases to rest, and eases back when frames come again. Not thread
    /// safe. Allocates nothing after its constructor.
    /// </summary>
    public sealed class JitterBuffer
    {
        /// <summary>A face goes on as it moved for so long behind the last frame.</summary>
        public const double PredictS = 0.06;

        /// <summary>After that it comes to rest within so long.</summary>
        public const double RestS = 0.3;

        /// <summary>From where it is back to the frames that come again; less after a short gap.</summary>
        public const double ReturnS = 0.15;

        /// <summary>A hole between two frames that is no longer than this is bridged by interpolation.</summary>
        const double HoleS = 0.25;

        /// <summary>A frame that is so far from where the clock expects it belongs to another stream, or is a mistake.</summary>
        const double AheadS = 0.5, BehindS = 1.0;

        /// <summary>So many such frames, one after the other at the pace of a stream, are a new stream.</summary>
        const int NewStream = 3;

        /// <summary>From one frame to the next; what is beyond that is none of the rates that are sent.</summary>
        const double ShortestS = 0.004, LongestS = 0.2;

        readonly FrameShelf _shelf;
        readonly PlayClock _clock = new PlayClock();
        readonly FaceFrame _rest = new FaceFrame();
        readonly FaceFrame _shown = new FaceFrame();
        readonly FaceFrame _from = new FaceFrame();
        double _playedS = double.NegativeInfinity;
        double _overdueS, _baseS; // how far behind its last frame the face was, and which frame that was
        double _returnS = double.NegativeInfinity, _returnEndS = double.NegativeInfinity;
        int _strays;
        double _strayS, _strayNowS;
        double _seenIntervalS;
        long _base, _got, _lostBefore;

        /// <summary>`capacity` in frames; the audio clock of an engine may be no further behind than they reach.</summary>
        public JitterBuffer(int capacity = 256)
        {
            _shelf = new FrameShelf(Math.Max(capacity, 8));
            Reset();
        }

        /// <summary>Delay behind the fastest frame, as it is and as it is aimed at; seconds.</summary>
        public double DelayS => _clock.DelayS;
        public double TargetDelayS => _clock.TargetS;

        /// <summary>Limits of TargetDelayS.</summary>
        public double MinDelayS { get => _clock.MinDelayS; set => _clock.MinDelayS = value; }
        public double MaxDelayS { get => _clock.MaxDelayS; set => _clock.MaxDelayS = value; }

        /// <summary>Seconds from one frame to the next.</summary>
        public double IntervalS { get; private set; }

        /// <summary>Audio time of the newest frame; negative infinity where there is none.</summary>
        public double NewestS => _shelf.Count == 0 ? double.NegativeInfinity : _shelf.Newest.TimeS;

        /// <summary>1 while frames play, on the way to 0 when they stop coming.</summary>
        public float Presence { get; private set; }

        /// <summary>Whether the last sample was exactly the stream's: between two of its frames, no gap being bridged.</summary>
        public bool Settled { get; private set; }

        /// <summary>Frames that came after their moment.</summary>
        public long Late { get; private set; }

        /// <summary>Frames that never came, as their numbers tell.</summary>
        public long Lost => _lostBefore + Missing;

        /// <summary>Frames that came twice.</summary>
        public long Duplicates { get; private set; }

        /// <summary>Streams that began anew.</summary>
        public long Restarts { get; private set; }

        long Missing => _shelf.Count == 0 ? 0 : Math.Max(0, _shelf.Newest.Number - _base + 1 - _got);

        /// <summary>Forgets the stream and its counters; the face is at rest.</summary>
        public void Reset()
        {
            Begin();
            Late = Duplicates = Restarts = _lostBefore = 0;
            IntervalS = 0.02;
            Presence = 0;
            Settled = false;
            _shown.SetRest();
            _returnS = _returnEndS = double.NegativeInfinity;
        }

        void Begin()
        {
            _lostBefore += Missing;
            _shelf.Clear();
            _clock.Reset();
            _playedS = double.NegativeInfinity;
            _overdueS = 1; // whatever comes, the face returns to it from where it is
            _baseS = double.NaN;
            _strays = 0;
            _seenIntervalS = 0;
            _got = 0;
        }

        /// <summary>Takes a frame that came at `nowS` (FaceFrame.ArrivalS).</summary>
        public void Push(FaceFrame frame, double nowS)
        {
            var time = frame.TimeS;
            if (!Bits.IsFinite(time) || !Bits.IsFinite(nowS)) return;
            if (_shelf.Count > 0)
            {
                var twice = _shelf.Has(time);
                var behind = nowS - time - _clock.OffsetS;
                var far = behind < -AheadS || behind > BehindS;
                var back = twice || time < _shelf.Newest.TimeS;
                if (!far && !back) _strays = 0;
                else if (Stray(time, nowS))
                {
                    Begin();
                    Restarts++;
                }
                else
                {
                    if (twice) Duplicates++;
                    else if (far || time <= _playedS)
                    {
                        Late++;
                        if (!far) _got++;
                    }
                    else
                    {
                        _got++;
                        _clock.Hear(time, nowS, IntervalS);
                        _shelf.Add(frame);
                    }
                    return;
                }
            }
            if (_shelf.Count == 0) _base = frame.Number;
            else Follow(frame);
            if (time <= _playedS) Late++;
            _got++;
            _clock.Hear(time, nowS, IntervalS);
            _shelf.Add(frame);
        }

        /// <summary>A frame out of its place; true where a new stream has begun with it.</summary>
        bool Stray(double time, double nowS)
        {
            if (_strays == 0 || time <= _strayS || time > _strayS + BehindS)
            {
                _strays = 0;
                _strayNowS = nowS;
            }
            _strayS = time;
            // what was only held up on the way comes all at once
            return ++_strays >= NewStream && nowS - _strayNowS >= 1.5 * IntervalS;
        }

        /// <summary>Pace and numbers of the frame after the newest one.</summary>
        void Follow(FaceFrame frame)
        {
            var numbers = frame.Number - _shelf.Newest.Number;
            var interval = numbers > 0 ? (frame.TimeS - _shelf.Newest.TimeS) / numbers : 0;
            if (interval < ShortestS) // counted anew, as at another rate, while time goes on
            {
                _lostBefore += Missing;
                _base = frame.Number;
                _got = 0;
                return;
            }
            if (interval > LongestS) return;
            if (Math.Abs(interval - _seenIntervalS) < 0.02 * interval) IntervalS = interval;
            _seenIntervalS = interval;
        }

        /// <summary>The face at `nowS`; `into` is always filled. False where it rests because nothing comes.</summary>
        public bool Sample(double nowS, FaceFrame into)
        {
            if (_shelf.Count == 0) return Play(double.NegativeInfinity, nowS, false, into);
            var audioS = _clock.Advance(nowS, out var jumped);
            return Play(audioS, nowS, jumped, into);
        }

        /// <summary>
        /// The same by another clock: the face that belongs to the sound at `audioS` of the stream, as an engine's
        /// AudioSource tells it.
        /// </summary>
        public bool SampleAt(double audioS, double nowS, FaceFrame into)
        {
            if (_shelf.Count > 0) _clock.Advance(nowS, out _);
            var jumped = audioS < _playedS || audioS > _playedS + HoleS;
            return Play(audioS, nowS, jumped, into);
        }

        /// <summary>Audio time that Sample would play at `nowS`: where a sound that starts then has to start.</summary>
        public double AudioTimeAt(double nowS) => _clock.At(nowS);

        bool Play(double audioS, double nowS, bool jumped, FaceFrame into)
        {
            var place = _shelf.Find(audioS);
            if (place < 0) Hold(into);
            else
            {
                var last = _shelf[place];
                var overdue = Overdue(place, audioS);
                if (jumped || _overdueS > 0 && (overdue <= 0 || last.TimeS != _baseS)) Return(nowS);
                if (overdue <= 0)
                {
                    Between(place, audioS, into);
                    Presence = 1;
                }
                else Miss(place, overdue, into);
                _overdueS = overdue;
                _baseS = last.TimeS;
                Settled = overdue <= 0 && nowS >= _returnEndS;
                if (nowS < _returnEndS)
                    Pose.Mix(_from, into, Pose.Smooth((nowS - _returnS) / (_returnEndS - _returnS)), into);
                into.Number = last.Number;
                into.LatencyS = last.LatencyS;
                into.ArrivalS = last.ArrivalS;
                into.TimeS = audioS;
                _playedS = audioS;
            }
            _shown.CopyFrom(into);
            return Presence > 0;
        }

        /// <summary>Before the first frame: what was shown stays.</summary>
        void Hold(FaceFrame into)
        {
            into.CopyFrom(_shown);
            Settled = false;
        }

        /// <summary>From here on the face is not where the stream has it: it goes there from where it is.</summary>
        void Return(double nowS)
        {
            _from.CopyFrom(_shown);
            _returnS = nowS;
            _returnEndS = nowS + Math.Min(ReturnS, Math.Max(2 * _overdueS, IntervalS));
        }

        /// <summary>Seconds behind the last frame; 0 or less between two.</summary>
        double Overdue(int place, double audioS)
        {
            var behind = audioS - _shelf[place].TimeS;
            if (place == _shelf.Count - 1) return behind;
            return _shelf[place + 1].TimeS - _shelf[place].TimeS > HoleS ? behind : 0;
        }

        void Between(int place, double audioS, FaceFrame into)
        {
            var a = _shelf[place];
            if (place == _shelf.Count - 1)
            {
                into.CopyFrom(a);
                return;
            }
            var b = _shelf[place + 1];
            Pose.Mix(a, b, (audioS - a.TimeS) / (b.TimeS - a.TimeS), into);
        }

        void Miss(int place, double overdue, FaceFrame into)
        {
            var last = _shelf[place];
            var before = place > 0 ? _shelf[place - 1] : last;
            if (last.TimeS - before.TimeS > 0 && last.TimeS - before.TimeS <= HoleS)
                Pose.Predict(before, last, overdue, PredictS, into);
            else into.CopyFrom(last);
            var gone = Pose.Smooth((overdue - PredictS) / RestS);
            if (gone > 0)
            {
                _rest.HasLandmarks = into.HasLandmarks;
                Pose.Mix(into, _rest, gone, into);
            }
            Presence = (float)(1 - gone);
        }
    }
}
