using System;
using System.Collections.Generic;
using NUnit.Framework;

namespace Facecue.Voice.Tests
{
    /// <summary>Sound becomes what the networks hear, as Python makes it.</summary>
    [TestFixture]
    public sealed class SoundTests
    {
        [Test]
        public void FeaturesAreThoseOfPython()
        {
            var wanted = Golden.Floats("voice_mel.bin");
            var made = Rows(Golden.Sound());
            Assert.That(made.Count, Is.EqualTo(wanted.Length));
            Assert.That(Worst(made.ToArray(), wanted), Is.LessThan(1e-4));
        }

        [Test]
        public void SilenceIsSilence()
        {
            foreach (var value in Rows(new float[1600])) Assert.That(value, Is.EqualTo(LogMel.Silence).Within(1e-6));
        }

        [Test]
        public void AResetFeatureStreamBeginsAnew()
        {
            var sound = Golden.Sound();
            var features = new LogMel();
            var first = Rows(sound, features);
            features.Push(1);
            features.Reset();
            Assert.That(Rows(sound, features), Is.EqualTo(first));
        }

        [Test]
        public void ResampledSoundIsThatOfPython()
        {
            var wanted = Golden.Floats("voice_16k.bin");
            var chirp = Chirp(44100, 4410);
            var resampler = new Resampler(44100);
            var made = new float[resampler.Room(chirp.Length)];
            Assert.That(resampler.Feed(chirp, 0, chirp.Length, made), Is.EqualTo(wanted.Length));
            Assert.That(Worst(made, wanted), Is.LessThan(1e-5));
        }

        [TestCase(44100, 1)]
        [TestCase(44100, 577)]
        [TestCase(48000, 1023)]
        [TestCase(16000, 100)]
        [TestCase(8000, 333)]
        [TestCase(96000, 5000)]
        public void ChunkedEqualsWhole(int rate, int block)
        {
            var sound = Chirp(rate, 12345);
            Resampler one = new Resampler(rate), other = new Resampler(rate);
            var whole = new float[one.Room(sound.Length)];
            var count = one.Feed(sound, 0, sound.Length, whole);
            var made = new List<float>();
            var piece = new float[other.Room(block)];
            for (var at = 0; at < sound.Length; at += block)
            {
                var n = other.Feed(sound, at, Math.Min(block, sound.Length - at), piece);
                for (var i = 0; i < n; i++) made.Add(piece[i]);
            }
            Assert.That(made.Count, Is.EqualTo(count));
            Assert.That(count, Is.EqualTo((12345 / (double)rate - other.DelayS) * 16000).Within(2));
            for (var i = 0; i < count; i++) Assert.That(made[i], Is.EqualTo(whole[i]));
        }

        [Test]
        public void WhatIsAboveEightKilohertzIsGone()
        {
            var tone = new float[48000];
            for (var i = 0; i < tone.Length; i++) tone[i] = (float)Math.Sin(2 * Math.PI * 10000 * i / 48000);
            var resampler = new Resampler(48000);
            var made = new float[resampler.Room(tone.Length)];
            var count = resampler.Feed(tone, 0, tone.Length, made);
            var worst = 0f;
            for (var i = 1000; i < count; i++) worst = Math.Max(worst, Math.Abs(made[i]));
            Assert.That(worst, Is.LessThan(1e-3));
        }

        [TestCase(0)]
        [TestCase(-1)]
        [TestCase(999999)]
        public void ARateThatCannotBeIsRefused(int rate)
        {
            Assert.Throws<ArgumentException>(() => new Resampler(rate));
        }

        [Test]
        public void ARingDropsWhatDoesNotFitAndCountsIt()
        {
            var ring = new SampleRing(8);
            ring.Write(new float[] { 1, 3, 2, 4 }, 2);
            var into = new float[16];
            Assert.That(ring.Read(into), Is.EqualTo(2));
            Assert.That(into[0], Is.EqualTo(2));
            Assert.That(into[1], Is.EqualTo(3));
            ring.Write(new float[10], 1);
            Assert.That(ring.Dropped, Is.EqualTo(2));
            Assert.That(ring.Read(into), Is.EqualTo(8));
            Assert.That(ring.Read(into), Is.EqualTo(0));
        }

        internal static float[] Chirp(int rate, int count)
        {
            var made = new float[count];
            for (var i = 0; i < count; i++)
            {
                var t = (double)i / rate;
                made[i] = (float)(0.5 * Math.Sin(2 * Math.PI * (100 + 2950 * t * rate / count) * t));
            }
            return made;
        }

        internal static double Worst(float[] made, float[] wanted)
        {
            double worst = 0;
            for (var i = 0; i < wanted.Length; i++) worst = Math.Max(worst, Math.Abs((double)made[i] - wanted[i]));
            Console.WriteLine(worst.ToString("E2"));
            return worst;
        }

        static List<float> Rows(float[] sound, LogMel features = null)
        {
            features = features ?? new LogMel();
            var rows = new List<float>();
            foreach (var sample in sound)
                if (features.Push(sample)) rows.AddRange(features.Row);
            return rows;
        }
    }
}
