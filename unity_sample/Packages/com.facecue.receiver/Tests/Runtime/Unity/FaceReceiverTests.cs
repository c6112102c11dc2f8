using System.Collections.Generic;
using Facecue.Wire;
using NUnit.Framework;
using UnityEngine;
using Object = UnityEngine.Object;

namespace Facecue.Tests
{
    public sealed class FaceReceiverTests
    {
        GameObject _object;
        FaceReceiver _receiver;
        HandSource _source;

        [SetUp]
        public void SetUp()
        {
            _object = new GameObject("receiver");
            _object.SetActive(false); // opens no port of its own
            _receiver = _object.AddComponent<FaceReceiver>();
            _source = new HandSource();
            _receiver.Open(_source);
        }

        [TearDown]
        public void TearDown() => Object.DestroyImmediate(_object);

        static FaceFrame Open(long number, float weight)
        {
            var frame = Scene.Frame(number);
            frame.Arkit[FaceNames.IndexOfArkit("jawOpen")] = weight;
            return frame;
        }

        [Test]
        public void FramesPlayAndWhatStopsGoesToRest()
        {
            int found = 0, lost = 0;
            _receiver.StreamFound.AddListener(() => found++);
            _receiver.StreamLost.AddListener(() => lost++);
            var n = 0;
            for (; n < 100; n++)
            {
                _source.Give(Open(n, 0.5f));
                _receiver.Step(10 + n / 50.0);
            }
            Assert.AreEqual(1, found);
            Assert.IsTrue(_receiver.IsLive);
            Assert.AreEqual(0.5f, _receiver.Frame.Arkit[FaceNames.IndexOfArkit("jawOpen")], 1e-5f);
            for (; n < 400; n++) _receiver.Step(10 + n / 50.0);
            Assert.AreEqual(1, lost);
            Assert.IsFalse(_receiver.IsLive);
            Assert.AreEqual(0, _receiver.Frame.Arkit[FaceNames.IndexOfArkit("jawOpen")], 1e-5f);
            Assert.AreEqual("neutral", _receiver.Emotion);
        }

        [Test]
        public void TheFaceFollowsAVoiceThatPlaysHere()
        {
            var voice = _object.AddComponent<AudioSource>();
            voice.clip = AudioClip.Create("voice", 48000, 1, 16000, false);
            _receiver.Voice = voice;
            _receiver.VoiceStartS = 0.5f;
            _object.SetActive(true);
            for (var n = 0; n < 100; n++) _source.Give(Open(n, n / 100f));
            voice.Play();
            voice.timeSamples = 8000; // 0.5 s of the clip: 1.0 s of the stream
            for (var nowS = 12.0; nowS < 12.6; nowS += 0.02) _receiver.Step(nowS); // the face goes there from rest
            // frame n lies at (n + 0.5) / 50
            Assert.AreEqual(0.495f, _receiver.Frame.Arkit[FaceNames.IndexOfArkit("jawOpen")], 0.02f); // an engine's sound runs on
        }

        [Test]
        public void AMoodIsToldOnceWhenItComesAndOnceWhenItGoes()
        {
            var told = new List<string>();
            _receiver.EmotionChanged.AddListener(told.Add);
            for (var n = 0; n < 300; n++)
            {
                var frame = Scene.Frame(n);
                var happy = n > 100 && n < 200 ? n % 7 == 0 ? 0.45f : 0.9f : 0f; // it wavers
                frame.Emotion[4] = happy;
                frame.Emotion[5] = 1 - happy;
                _source.Give(frame);
                _receiver.Step(10 + n / 50.0);
            }
            Assert.AreEqual(new[] { "happy", "neutral" }, told.ToArray());
        }

        [Test]
        public void ASourceIsDisposedWithItsReceiver()
        {
            var other = new HandSource();
            _receiver.Open(other);
            Assert.IsTrue(_source.Disposed);
            _object.SetActive(true);
            Assert.IsFalse(other.Disposed);
            _object.SetActive(false);
            Assert.IsTrue(other.Disposed);
        }
    }
}
