using System;
using NUnit.Framework;

namespace Facecue.Tests
{
    public sealed class EmotionSwitchTests
    {
        const int Happy = 4, Neutral = 5, Sad = 6;

        static float[] Of(int emotion, float probability)
        {
            var all = new float[8];
            all[Neutral] = 1 - probability;
            all[emotion] += probability;
            return all;
        }

        [Test]
        public void AnEmotionTakesOverOnceItLasts()
        {
            var feeling = new EmotionSwitch(Neutral) { HoldS = 0.2 };
            Assert.IsFalse(feeling.Step(Of(Happy, 0.8f), 0));
            Assert.IsFalse(feeling.Step(Of(Happy, 0.8f), 0.1));
            Assert.IsTrue(feeling.Step(Of(Happy, 0.8f), 0.2));
            Assert.AreEqual(Happy, feeling.Current);
            Assert.IsFalse(feeling.Step(Of(Happy, 0.8f), 0.3));
        }

        [Test]
        public void AFlickerChangesNothing()
        {
            var feeling = new EmotionSwitch(Neutral) { HoldS = 0.2 };
            var changes = 0;
            for (var i = 0; i < 100; i++)
                if (feeling.Step(Of(i % 5 == 0 ? Neutral : i % 2 == 0 ? Happy : Sad, 0.9f), i * 0.05)) changes++;
            Assert.AreEqual(0, changes);
        }

        [Test]
        public void BetweenTheThresholdsTheOldOneStays()
        {
            var feeling = new EmotionSwitch(Neutral) { HoldS = 0 };
            Assert.IsTrue(feeling.Step(Of(Sad, 0.6f), 0));
            var mixed = new float[8];
            mixed[Sad] = 0.4f;
            mixed[Happy] = 0.45f;
            Assert.IsFalse(feeling.Step(mixed, 1));
            mixed[Sad] = 0.3f;
            Assert.IsTrue(feeling.Step(mixed, 2));
            Assert.AreEqual(Happy, feeling.Current);
        }
    }

    public sealed class DelayLineTests
    {
        [Test]
        public void SoundComesOutLaterToTheSample()
        {
            var line = new DelayLine(1000, 2, 1);
            line.DelayS = 0.6; // more than JumpS: at once
            var block = new float[2 * 800];
            for (var i = 0; i < 800; i++) { block[2 * i] = i + 1; block[2 * i + 1] = -(i + 1); }
            line.Process(block);
            Assert.AreEqual(0, block[2 * 599]);
            for (var i = 600; i < 800; i++)
            {
                Assert.AreEqual(i - 599, block[2 * i], 1e-3f);
                Assert.AreEqual(-(i - 599), block[2 * i + 1], 1e-3f);
            }
        }

        [Test]
        public void AChangeGlidesWithoutASkip()
        {
            var line = new DelayLine(48000, 1, 1) { DelayS = 0.1 };
            float last = 0, steepest = 0;
            for (var block = 0; block < 300; block++)
            {
                var samples = new float[480];
                for (var i = 0; i < samples.Length; i++)
                    samples[i] = (float)Math.Sin(2 * Math.PI * 100 * (block * 480 + i) / 48000);
                line.Process(samples);
                foreach (var sample in samples) { steepest = Math.Max(steepest, Math.Abs(sample - last)); last = sample; }
            }
            Assert.AreEqual(0.055, line.CurrentS, 0.01); // 3 s at 2 %
            Assert.Less(steepest, 2 * Math.PI * 100 / 48000 * 1.05);
        }

        [Test]
        public void APauseIsUsedToChangeAtOnce()
        {
            var line = new DelayLine(1000, 1, 1) { DelayS = 0.2 };
            var voice = new float[1000];
            for (var i = 0; i < voice.Length; i++) voice[i] = i % 2 == 0 ? 0.5f : -0.5f;
            line.Process(voice);
            Assert.Less(line.CurrentS, 0.03);
            line.Process(new float[100]);
            Assert.Less(line.CurrentS, 0.03); // what was said last is still to come out
            line.Process(new float[200]);
            Assert.AreEqual(0.2, line.CurrentS, 1e-6);
        }

        [Test]
        public void BlocksDoNotMatter()
        {
            var random = new Random(3);
            var sound = new float[4000];
            for (var i = 0; i < sound.Length; i++) sound[i] = (float)random.NextDouble();
            var whole = (float[])sound.Clone();
            new DelayLine(1000, 1, 1) { DelayS = 0.3 }.Process(whole);
            var parts = new DelayLine(1000, 1, 1) { DelayS = 0.3 };
            for (var at = 0; at < sound.Length;)
            {
                var part = new float[Math.Min(1 + random.Next(300), sound.Length - at)];
                Array.Copy(sound, at, part, 0, part.Length);
                parts.Process(part);
                for (var i = 0; i < part.Length; i++) Assert.AreEqual(whole[at + i], part[i], 1e-6f);
                at += part.Length;
            }
        }

        [Test]
        public void ADelayStaysWithinWhatTheLineHolds()
        {
            var line = new DelayLine(1000, 1, 0.5);
            line.DelayS = 7;
            Assert.AreEqual(0.5, line.DelayS, 1e-6);
            line.DelayS = -1;
            Assert.AreEqual(0, line.DelayS);
        }
    }
}
