using System;
using Facecue.Wire;

namespace Facecue.Voice
{
    /// <summary>
    /// Sound in, faces out: resampling, features, networks, gate, shaping and weights in the order of bridge/pipeline.py.
    /// For one thread. Once it is made it allocates nothing but what its networks do.
    /// </summary>
    public sealed class VoiceFace : IDisposable
    {
        const int FrameSamples = LogMel.RateHz / CueStream.FramesPerSecond, MaxWaiting = 64, Slice = 1024;
        const float Loudest = 8; // samples beyond are damage, not sound; full scale is 1

        public VoiceContract Contract { get; }
        public VoiceDirection Direction { get; } = new VoiceDirection();
        public FaceShaper Shaper { get; }

        /// <summary>Seconds from a sound to its face: look-ahead and what the resampler holds back, without computing.</summary>
        public double DelayS => _resampler.DelayS + (Contract.LookaheadHops * LogMel.Hop + FrameSamples / 2) / (double)LogMel.RateHz;

        /// <summary>Whether somebody speaks in the last frame.</summary>
        public bool Speaking => _gate.Speaking;

        /// <summary>Loudness of the last frame heard, dBFS; −120 for silence.</summary>
        public double LevelDbfs { get; private set; } = -120;

        /// <summary>Frames made, frames that nobody took in time, samples that were no sound.</summary>
        public long Made { get; private set; }
        public long Dropped { get; private set; }
        public long BadSamples { get; private set; }

        /// <summary>
        /// A face of a network's contract, the bytes of its retarget map, what runs its two graphs (disposed with this), and
        /// the rate of the sound. FormatException or ArgumentException with one line where they do not fit.
        /// </summary>
        public VoiceFace(VoiceContract contract, byte[] map, INetwork main, INetwork feeling, int rateHz)
        {
            Contract = contract;
            _retarget = new Retarget(map);
            _cues = new CueStream(contract, main, feeling) { Draw = Draw };
            _resampler = new Resampler(rateHz);
            _converted = new float[_resampler.Room(Slice)];
            _levels = new double[contract.LookaheadHops + 8];
            Shaper = new FaceShaper(contract.Neutral);
            for (var i = 0; i < MaxWaiting; i++) _waiting[i] = new FaceFrame();
            Direction.Style = Math.Max(0, Array.IndexOf(contract.Styles, "actor"));
            Reset();
        }

        /// <summary>Starts a stream at time 0, with the direction of now.</summary>
        public void Reset()
        {
            _resampler.Reset();
            _features.Reset();
            _cues.Reset();
            _gate.Reset();
            _chance.Reset(Direction.Seed);
            Shaper.Reset(Direction.Seed);
            Direction.Reset();
            _heard = _levelsTaken = 0;
            _power = 0;
            _count = _oldest = 0;
            LevelDbfs = -120;
        }

        /// <summary>Starts a stream of sound of another rate; makes a new resampler only where the rate is another.</summary>
        public void Restart(int rateHz)
        {
            if (rateHz != _resampler.RateHz)
            {
                _resampler = new Resampler(rateHz);
                _converted = new float[_resampler.Room(Slice)];
            }
            Reset();
        }

        /// <summary>Takes mono samples; the faces they complete wait for TryTake.</summary>
        public void Feed(float[] samples, int start, int count)
        {
            while (count > 0)
            {
                var piece = Math.Min(count, Slice);
                var made = _resampler.Feed(samples, start, piece, _converted);
                for (var i = 0; i < made; i++) Hear(_converted[i]);
                start += piece;
                count -= piece;
            }
        }

        /// <summary>Copies the oldest face that waits; false where none does.</summary>
        public bool TryTake(FaceFrame into)
        {
            if (_count == 0) return false;
            into.CopyFrom(_waiting[_oldest]);
            _oldest = (_oldest + 1) % MaxWaiting;
            _count--;
            return true;
        }

        /// <summary>Gives the chance of each frame instead of the seed: a test's.</summary>
        public Action<float[]> Chance { set { _cues.Draw = value ?? Draw; } }

        public void Dispose() => _cues.Dispose();

        Resampler _resampler;
        readonly LogMel _features = new LogMel();
        readonly CueStream _cues;
        readonly SpeechGate _gate = new SpeechGate();
        readonly Retarget _retarget;
        readonly Chance _chance = new Chance(0);
        readonly FaceFrame[] _waiting = new FaceFrame[MaxWaiting];
        float[] _converted;
        readonly double[] _levels; // loudness of frames whose faces have not come out
        long _heard, _levelsTaken;
        double _power;
        int _count, _oldest;

        void Draw(float[] noise)
        {
            for (var i = 0; i < noise.Length; i++) noise[i] = (float)_chance.Normal();
        }

        void Hear(float sample)
        {
            if (!(sample >= -Loudest && sample <= Loudest)) // a NaN is neither
            {
                sample = 0;
                BadSamples++;
            }
            if (_heard % FrameSamples == 0) Direction.Step((double)(_heard / FrameSamples) / CueStream.FramesPerSecond);
            _heard++;
            _power += (double)sample * sample;
            if (_heard % FrameSamples == 0)
            {
                LevelDbfs = 10 * Math.Log10(_power / FrameSamples + 1e-12);
                _levels[(int)((_heard / FrameSamples - 1) % _levels.Length)] = LevelDbfs;
                _power = 0;
            }
            if (_features.Push(sample) && _cues.Push(_features.Row, Direction)) Show();
        }

        void Show()
        {
            var level = _levelsTaken < _heard / FrameSamples ? _levels[(int)(_levelsTaken % _levels.Length)] : -120;
            _levelsTaken++;
            var openness = _gate.Next(_cues.Voice, level);
            if (_count == MaxWaiting)
            {
                _oldest = (_oldest + 1) % MaxWaiting;
                _count--;
                Dropped++;
            }
            var frame = _waiting[(_oldest + _count) % MaxWaiting];
            var style = Contract.Styles[Math.Min(Math.Max(Direction.Style, 0), Contract.Styles.Length - 1)];
            Shaper.Apply(_cues, openness, _gate.Speaking, style, Direction.NowIntensity, frame);
            _retarget.Apply(frame.Landmarks, frame.Gaze, frame.Arkit);
            frame.LatencyS = DelayS;
            frame.ArrivalS = FaceClock.NowS;
            _count++;
            Made++;
        }
    }
}
