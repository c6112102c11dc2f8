using System;
using Facecue.Wire;

namespace Facecue.Voice
{
    /// <summary>
    /// Features → cues: runs the two graphs step by step as bridge/predictor.py does, the emotion branch every fourth frame
    /// before the main one, and gives frame n once the look-ahead past its time was heard.
    /// </summary>
    public sealed class CueStream : IDisposable
    {
        public const int FramesPerSecond = 50;

        /// <summary>Frame number of the cues.</summary>
        public long Number { get; private set; }

        /// <summary>Audio time of the sound they belong to: (Number + 0.5) / 50.</summary>
        public double TimeS => (Number + 0.5) / FramesPerSecond;

        /// <summary>cm; the resting face and what it is moved by, lips never crossed.</summary>
        public readonly float[] Landmarks = new float[FaceFrame.LandmarkNumbers];
        public float[] Gaze => _main.Made[_gaze];
        public float[] HeadRotation => _main.Made[_rotation];
        public float[] HeadTranslation => _main.Made[_translation];
        public float[] Emotion => _main.Made[_emotion];

        /// <summary>Probability that somebody speaks.</summary>
        public float Voice => _main.Made[_voice][0];

        /// <summary>Where chance comes from, a frame at a time; null: none.</summary>
        public Action<float[]> Draw { get; set; }

        public CueStream(VoiceContract contract, INetwork main, INetwork feeling)
        {
            _contract = contract;
            _networks = new[] { main, feeling };
            _main = new Stateful(contract.Main, main);
            _feeling = new Stateful(contract.Feeling, feeling);
            _block = contract.Feeling.Input("block");
            _answer = contract.Feeling.Output("answers");
            _mel = contract.Main.Input("mel");
            _asked = contract.Main.Input("emotion_request");
            _mix = contract.Main.Input("emotion_mix");
            _intensity = contract.Main.Input("intensity");
            _style = contract.Main.Input("style");
            _temperature = contract.Main.Input("temperature");
            _noise = contract.Main.Input("noise");
            _answers = contract.Main.Input("answers");
            _displacement = contract.Main.Output("displacement");
            _gaze = contract.Main.Output("gaze");
            _rotation = contract.Main.Output("head_rotation");
            _translation = contract.Main.Output("head_translation");
            _emotion = contract.Main.Output("emotion");
            _voice = contract.Main.Output("voice");
            if (_main.Given[_mel].Length != 2 * LogMel.Bins || _main.Made[_displacement].Length != FaceFrame.LandmarkNumbers ||
                _feeling.Given[_block].Length != 2 * LogMel.Bins * contract.FeelingEvery ||
                contract.Answers.Length != _main.Given[_answers].Length)
                throw new FormatException("the network's shapes are not those of one frame; export it again");
            Reset();
        }

        /// <summary>Forgets all that was heard; the next frame is number 0.</summary>
        public void Reset()
        {
            _main.Reset();
            _feeling.Reset();
            Array.Copy(_contract.Answers, _main.Given[_answers], _contract.Answers.Length);
            // an even look-ahead pairs hops (−1, 0), (1, 2), …: hop −1 is silence before the stream
            _waiting = 1 - _contract.LookaheadHops % 2;
            for (var i = 0; i < LogMel.Bins; i++) _main.Given[_mel][i] = LogMel.Silence;
            _steps = 0;
            Number = -(_contract.LookaheadHops / 2) - 1;
        }

        /// <summary>Takes the next row of features; true where it completed cues.</summary>
        public bool Push(float[] row, VoiceDirection direction)
        {
            var mel = _main.Given[_mel];
            Array.Copy(row, 0, mel, _waiting * LogMel.Bins, LogMel.Bins);
            if (++_waiting < 2) return false;
            _waiting = 0;
            Feel(mel);
            Array.Copy(direction.NowShares, _main.Given[_asked], FaceFrame.EmotionCount);
            _main.Given[_mix][0] = direction.NowMix;
            _main.Given[_intensity][0] = direction.NowIntensity;
            var style = _main.Given[_style];
            for (var i = 0; i < style.Length; i++) style[i] = i == direction.Style ? 1 : 0;
            _main.Given[_temperature][0] = Math.Max(0, direction.Temperature);
            if (Draw != null) Draw(_main.Given[_noise]);
            _main.Run();
            Number++;
            if (Number < 0) return false;
            var moved = _main.Made[_displacement];
            for (var i = 0; i < moved.Length; i++) Landmarks[i] = _contract.Neutral[i] + moved[i];
            UncrossLips();
            return true;
        }

        public void Dispose()
        {
            foreach (var network in _networks) network.Dispose();
        }

        // facing points of the inner lips
        static readonly int[] Upper = { 61, 62, 63 }, Lower = { 67, 66, 65 };

        readonly VoiceContract _contract;
        readonly INetwork[] _networks;
        readonly Stateful _main, _feeling;
        readonly int _block, _answer, _mel, _asked, _mix, _intensity, _style, _temperature, _noise, _answers;
        readonly int _displacement, _gaze, _rotation, _translation, _emotion, _voice;
        int _waiting;
        long _steps;

        void Feel(float[] mel)
        {
            var every = _contract.FeelingEvery;
            var place = (int)(_steps++ % every);
            Array.Copy(mel, 0, _feeling.Given[_block], place * mel.Length, mel.Length);
            if (place < every - 1) return;
            _feeling.Run();
            Array.Copy(_feeling.Made[_answer], _main.Given[_answers], _contract.Answers.Length);
        }

        void UncrossLips()
        {
            for (var i = 0; i < Upper.Length; i++)
            {
                int up = 3 * Upper[i] + 1, low = 3 * Lower[i] + 1;
                if (Landmarks[up] < Landmarks[low]) Landmarks[up] = Landmarks[low] = (Landmarks[up] + Landmarks[low]) / 2;
            }
        }
    }
}
