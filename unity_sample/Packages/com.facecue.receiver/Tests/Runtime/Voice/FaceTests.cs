using System;
using System.Text;
using Facecue.Wire;
using NUnit.Framework;

namespace Facecue.Voice.Tests
{
    /// <summary>What networks say becomes a face: weights, gate, blinks, direction; and the order of all of it.</summary>
    [TestFixture]
    public sealed class FaceTests
    {
        /// <summary>A network that says what it is told: states count runs, the mouth opens with them.</summary>
        sealed class Told : INetwork
        {
            public int Runs;
            public bool Disposed;
            readonly GraphContract _contract;
            readonly float _voice;

            public Told(GraphContract contract, float voice)
            {
                _contract = contract;
                _voice = voice;
            }

            public void Run(float[][] given, float[][] made)
            {
                Runs++;
                for (var s = 1; s <= _contract.States; s++)
                {
                    float[] from = given[given.Length - s], to = made[made.Length - s];
                    for (var i = 0; i < to.Length; i++) to[i] = from[i] + 1;
                }
                for (var i = 0; i < made.Length - _contract.States; i++) Array.Clear(made[i], 0, made[i].Length);
                foreach (var port in _contract.Outputs)
                {
                    if (port.Name == "voice") made[_contract.Output("voice")][0] = _voice;
                    if (port.Name == "head_rotation") made[_contract.Output("head_rotation")][3] = 1;
                    if (port.Name != "displacement") continue;
                    foreach (var point in new[] { 65, 66, 67 }) made[_contract.Output("displacement")][3 * point + 1] = -1;
                }
            }

            public void Dispose() => Disposed = true;
        }

        static VoiceContract Contract() => VoiceContract.Read(Encoding.UTF8.GetString(Golden.Network("live.json")));

        static VoiceFace Face(float voice, out Told main, out Told feeling)
        {
            var contract = Contract();
            main = new Told(contract.Main, voice);
            feeling = new Told(contract.Feeling, voice);
            return new VoiceFace(contract, Golden.Network("retarget.bytes"), main, feeling, 16000);
        }

        [Test]
        public void WeightsAreThoseOfPython()
        {
            var golden = Golden.Floats("voice_retarget.bin");
            var retarget = new Retarget(Golden.Network("retarget.bytes"));
            float[] landmarks = new float[204], gaze = new float[4], weights = new float[52], wanted = new float[52];
            for (var at = 0; at < golden.Length; at += 260)
            {
                Array.Copy(golden, at, landmarks, 0, 204);
                Array.Copy(golden, at + 204, gaze, 0, 4);
                Array.Copy(golden, at + 208, wanted, 0, 52);
                retarget.Apply(landmarks, gaze, weights);
                Assert.That(SoundTests.Worst(weights, wanted), Is.LessThan(1e-5));
            }
        }

        [Test]
        public void ADamagedMapIsRefused()
        {
            var map = Golden.Network("retarget.bytes");
            for (var size = 0; size < map.Length; size += 1 + size / 3)
            {
                var cut = new byte[size];
                Array.Copy(map, cut, size);
                Assert.Throws<FormatException>(() => new Retarget(cut));
            }
            map[8] ^= 0x7f;
            map[11] ^= 0x7f;
            Assert.Throws<FormatException>(() => new Retarget(map));
        }

        [TestCase("")]
        [TestCase("[1, 2")]
        [TestCase("{}")]
        [TestCase("{\"format\": 2}")]
        [TestCase("{\"format\": \"1\"}")]
        [TestCase("{\"format\": 1, \"features\": {}}")]
        [TestCase("{\"a\": \"\\u00zz\"}")]
        [TestCase("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]")]
        public void AContractThatCannotBeIsRefusedInOneLine(string json)
        {
            var error = Assert.Throws<FormatException>(() => VoiceContract.Read(json));
            Assert.That(error.Message.Contains("\n"), Is.False);
        }

        [Test]
        public void FramesComeInOrderAfterTheLookAhead()
        {
            Told main, feeling;
            var face = Face(1, out main, out feeling);
            var frame = new FaceFrame();
            Assert.That(face.Contract.LookaheadHops, Is.EqualTo(8));
            face.Feed(new float[160 * 8], 0, 160 * 8); // frame 0 is that of 0..20 ms and needs 80 ms past its middle
            Assert.That(face.TryTake(frame), Is.False);
            face.Feed(new float[160], 0, 160);
            Assert.That(face.TryTake(frame), Is.True);
            Assert.That(frame.Number, Is.EqualTo(0));
            Assert.That(frame.TimeS, Is.EqualTo(0.01).Within(1e-9));
            face.Feed(new float[16000], 0, 16000);
            for (var n = 1; n <= 50; n++)
            {
                Assert.That(face.TryTake(frame), Is.True);
                Assert.That(frame.Number, Is.EqualTo(n));
            }
            Assert.That(face.TryTake(frame), Is.False);
            Assert.That(main.Runs, Is.EqualTo(55)); // four before frame 0
            Assert.That(feeling.Runs, Is.EqualTo(55 / 4));
            face.Dispose();
            Assert.That(main.Disposed && feeling.Disposed);
        }

        [Test]
        public void StatesAreHandedOver()
        {
            var contract = Contract();
            var network = new Told(contract.Main, 1);
            var stream = new Stateful(contract.Main, network);
            for (var run = 1; run <= 5; run++)
            {
                stream.Run();
                Assert.That(stream.Given[stream.Given.Length - 1][0], Is.EqualTo(run));
            }
            stream.Reset();
            Assert.That(stream.Given[stream.Given.Length - 1][0], Is.EqualTo(0));
        }

        [Test]
        public void TheMouthIsShutWhereNobodySpeaks()
        {
            Told main, feeling;
            var jaw = FaceNames.IndexOfArkit("jawOpen");
            var frame = new FaceFrame();
            var noise = SoundTests.Chirp(16000, 32000);
            using (var face = Face(0, out main, out feeling))
            {
                face.Shaper.BlinkRate = 0;
                face.Feed(noise, 0, 16000);
                while (face.TryTake(frame)) { }
                Assert.That(frame.Arkit[jaw], Is.LessThan(0.01));
                Assert.That(face.Speaking, Is.False);
            }
            using (var face = Face(1, out main, out feeling))
            {
                face.Feed(noise, 0, 16000);
                while (face.TryTake(frame)) { }
                Assert.That(frame.Arkit[jaw], Is.GreaterThan(0.2));
                Assert.That(face.Speaking, Is.True);
            }
        }

        [Test]
        public void EyesBlinkAsOftenAsPeopleDoAndASeedSaysWhen()
        {
            var neutral = new FaceFrame().Landmarks;
            var blinks = new Blinks(neutral) { RatePerMinute = 20 };
            var times = new double[2];
            for (var round = 0; round < 2; round++)
            {
                blinks.Reset(5);
                var count = 0;
                var shut = false;
                for (var n = 0; n < 30000; n++) // ten minutes
                {
                    blinks.Step(n / 50.0, n / 100 % 3 != 0);
                    if (!shut && blinks.Right > 0.9f)
                    {
                        count++;
                        times[round] += n;
                    }
                    shut = blinks.Right > 0.9f;
                }
                Assert.That(count, Is.EqualTo(200).Within(30));
            }
            Assert.That(times[0], Is.EqualTo(times[1]));
            var lids = (float[])neutral.Clone();
            while (blinks.Right < 1 || blinks.Left < 1) blinks.Step(_time += 0.02, true);
            blinks.Close(lids);
            Assert.That(lids[3 * 37 + 1], Is.EqualTo(lids[3 * 41 + 1]).Within(1e-6));
        }

        double _time = 600;

        [Test]
        public void AnEmotionEasesInOverFourTenths()
        {
            var direction = new VoiceDirection();
            direction.Reset();
            direction.Step(0);
            Assert.That(direction.NowMix, Is.EqualTo(0));
            direction.Emotion = 4;
            for (var n = 1; n <= 11; n++) direction.Step(n / 50.0);
            Assert.That(direction.NowMix, Is.EqualTo(0.5).Within(0.01));
            Assert.That(direction.NowShares[4], Is.EqualTo(1));
            for (var n = 12; n <= 22; n++) direction.Step(n / 50.0);
            Assert.That(direction.NowMix, Is.EqualTo(1));
            direction.Emotion = -1;
            for (var n = 23; n <= 50; n++) direction.Step(n / 50.0);
            Assert.That(direction.NowMix, Is.EqualTo(0));
            direction.Intensity = float.NaN;
            for (var n = 51; n <= 80; n++) direction.Step(n / 50.0);
            Assert.That(direction.NowIntensity, Is.EqualTo(0));
        }

        [Test]
        public void WhatIsNoSoundIsSilenceAndCounted()
        {
            Told main, feeling;
            using (var face = Face(1, out main, out feeling))
            {
                var sound = new float[3200];
                sound[100] = float.NaN;
                sound[200] = float.PositiveInfinity;
                sound[300] = 1e6f;
                face.Feed(sound, 0, sound.Length);
                Assert.That(face.BadSamples, Is.EqualTo(3));
                var frame = new FaceFrame();
                while (face.TryTake(frame)) foreach (var weight in frame.Arkit) Assert.That(weight >= 0 && weight <= 1);
            }
        }

        [Test]
        public void WhatNobodyTakesIsDroppedAndCounted()
        {
            Told main, feeling;
            using (var face = Face(1, out main, out feeling))
            {
                face.Feed(new float[32000], 0, 32000);
                var source = new VoiceSource(face, "test");
                var frame = new FaceFrame();
                Assert.That(source.State, Is.EqualTo(LinkState.Connected));
                Assert.That(source.TryTake(frame), Is.True);
                Assert.That(frame.Number, Is.EqualTo(source.Dropped));
                Assert.That(source.State, Is.EqualTo(LinkState.Receiving));
                source.Dispose();
                Assert.That(source.TryTake(frame), Is.False);
                Assert.That(source.State, Is.EqualTo(LinkState.Closed));
            }
        }

        [Test]
        public void NothingIsAllocatedOnceItIsWarm()
        {
            Told main, feeling;
            var sound = SoundTests.Chirp(16000, 1600);
            using (var face = Face(1, out main, out feeling))
            {
                var frame = new FaceFrame();
                for (var i = 0; i < 20; i++) Play(face, sound, frame);
                var before = GC.CollectionCount(0);
                var memory = GC.GetTotalMemory(true);
                for (var i = 0; i < 200; i++) Play(face, sound, frame); // 20 s
                Assert.That(GC.GetTotalMemory(false) - memory, Is.LessThan(4096));
                Assert.That(GC.CollectionCount(0) - before, Is.LessThan(3));
            }
        }

        static void Play(VoiceFace face, float[] sound, FaceFrame frame)
        {
            face.Feed(sound, 0, sound.Length);
            while (face.TryTake(frame)) { }
        }
    }
}
