using System;
using System.Collections.Generic;
using System.Linq;
using NUnit.Framework;

namespace Facecue.Wire.Tests
{
    /// <summary>Playing at audio time, in simulated time.</summary>
    [TestFixture]
    public sealed class JitterBufferTests
    {
        /// <summary>Of the range of the curve; at 24 frames a second the chords themselves are 1.7 % off it.</summary>
        const double Close = 0.02;

        static void FollowsTheCurve(IEnumerable<Stream.Shot> shots, double settled = 0.99)
        {
            var all = shots.SkipWhile(s => !s.Settled).ToList(); // a stream that begins is eased in
            Assert.Greater(all.Count, 10);
            var good = all.Where(s => s.Settled).ToList();
            Assert.GreaterOrEqual(good.Count, settled * all.Count, "pictures between two frames");
            foreach (var shot in good)
            {
                Assert.Less(shot.OffCurve, Close, "weight at " + shot.TimeS);
                Assert.Less(shot.OffTurn, Close * 2 * Stream.TurnRad, "turn at " + shot.TimeS);
            }
            for (var i = 1; i < all.Count; i++) Assert.GreaterOrEqual(all[i].TimeS, all[i - 1].TimeS, "time goes back");
        }

        [Test]
        public void FollowsTheCurveAtAnyRate([Values(24, 50, 60, 90, 120)] int rate, [Values(30, 60, 90, 144)] int pictures)
        {
            var stream = new Stream { RateHz = rate };
            var shots = Stream.Play(new JitterBuffer(), stream.Frames(0, 10 * rate), pictures, 101, 109.5);
            FollowsTheCurve(shots);
            Assert.AreEqual(1f, shots.Min(s => s.Presence));
        }

        [Test]
        public void AQuietNetworkCostsAFrame()
        {
            var buffer = new JitterBuffer();
            Stream.Play(buffer, new Stream().Frames(0, 1000), 60, 100, 119);
            Assert.AreEqual(0.02, buffer.IntervalS, 1e-9);
            Assert.AreEqual(0.022, buffer.TargetDelayS, 0.001);
            Assert.AreEqual(0.022, buffer.DelayS, 0.002);
            Assert.AreEqual(0, buffer.Late + buffer.Lost + buffer.Duplicates + buffer.Restarts);
        }

        [Test]
        public void DelayFollowsTheJitter()
        {
            var chance = new Random(1);
            // ten quiet seconds, ten with up to 60 ms, twenty quiet ones
            var stream = new Stream { Held = n => n >= 500 && n < 1000 ? 0.06 * chance.NextDouble() : 0 };
            var buffer = new JitterBuffer();
            var shots = Stream.Play(buffer, stream.Frames(0, 2000), 60, 100, 139);
            FollowsTheCurve(shots.Where(s => s.NowS > 101 && s.NowS < 110));
            FollowsTheCurve(shots.Where(s => s.NowS > 112 && s.NowS < 120), 0.97);
            Assert.AreEqual(0.08, shots.Last(s => s.NowS < 119.9).DelayS, 0.006);
            FollowsTheCurve(shots.Where(s => s.NowS > 121));
            Assert.AreEqual(0.022, shots[shots.Count - 1].DelayS, 0.002);
            Assert.Less(buffer.Late, 25);
        }

        [Test]
        public void BurstsAreMadeEven()
        {
            // five frames at once, ten times a second
            var stream = new Stream { Held = n => (4 - n % 5) * 0.02 };
            var shots = Stream.Play(new JitterBuffer(), stream.Frames(0, 1000), 144, 102, 119);
            FollowsTheCurve(shots);
            Assert.AreEqual(0.102, shots[shots.Count - 1].DelayS, 0.003);
        }

        [Test]
        public void DriftingClocks([Values(-100e-6, 100e-6, 1e-3)] double drift)
        {
            var stream = new Stream { Drift = drift };
            var buffer = new JitterBuffer();
            var shots = Stream.Play(buffer, stream.Frames(0, 50 * 600), 60, 101, 695);
            FollowsTheCurve(shots, 0.999);
            Assert.Less(shots.Max(s => s.DelayS), 0.05);
            Assert.AreEqual(0, buffer.Restarts);
            Assert.AreEqual(0, buffer.Late);
        }

        [Test]
        public void OutOfOrderAndTwice()
        {
            var chance = new Random(2);
            var frames = new Stream { Held = n => chance.NextDouble() < 0.2 ? 0.05 : 0 }.Frames(0, 1000);
            var doubled = frames.SelectMany(f => chance.NextDouble() < 0.1 ? new[] { f, f } : new[] { f }).ToList();
            var buffer = new JitterBuffer();
            FollowsTheCurve(Stream.Play(buffer, doubled, 60, 101, 119.5), 0.95);
            Assert.AreEqual(doubled.Count - frames.Count, buffer.Duplicates, 6);
            Assert.AreEqual(0, buffer.Restarts);
            Assert.LessOrEqual(buffer.Lost, 4); // some are still on their way
        }

        [Test]
        public void LostFramesAreBridgedAndCounted()
        {
            var stream = new Stream { Held = n => n % 50 == 20 || n % 50 == 21 ? double.NegativeInfinity : 0 };
            var buffer = new JitterBuffer();
            var shots = Stream.Play(buffer, stream.Frames(0, 1000), 60, 101, 119.5);
            Assert.AreEqual(1f, shots.Min(s => s.Presence), "a hole of 60 ms is no loss");
            Assert.AreEqual(38, buffer.Lost, 2);
            Assert.Less(shots.Where(s => s.NowS > 101.2).Max(s => s.OffCurve), 0.25);
        }

        [Test]
        public void LossEasesToRestAndBack()
        {
            var stream = new Stream { Held = n => n >= 200 && n < 300 ? double.NegativeInfinity : 0 };
            var buffer = new JitterBuffer();
            var shots = Stream.Play(buffer, stream.Frames(0, 500), 60, 101, 109.5);
            var resting = shots.Where(s => s.NowS > 104.9 && s.NowS < 106.1).ToList();
            foreach (var shot in resting)
            {
                Assert.AreEqual(0f, shot.Weight);
                Assert.AreEqual(0f, shot.Presence);
                Assert.IsFalse(shot.Any);
            }
            // no faster than the curve and the way back from rest together
            var fastest = (0.45 * 2 * Math.PI * Stream.CurveHz + 1.5 * 0.95 / JitterBuffer.ReturnS) / 60;
            for (var i = 1; i < shots.Count; i++)
                Assert.Less(Math.Abs(shots[i].Weight - shots[i - 1].Weight), fastest, "a jump at " + shots[i].NowS);
            FollowsTheCurve(shots.Where(s => s.NowS > 106.6));
            Assert.AreEqual(1f, shots[shots.Count - 1].Presence);
            var lossS = 100 + 200 / 50.0 + 0.2;
            var atRest = shots.First(s => s.NowS > 104 && s.Presence == 0f).NowS;
            Assert.AreEqual(lossS + 0.02 + JitterBuffer.PredictS + JitterBuffer.RestS, atRest, 0.04);
        }

        [Test]
        public void AShortGapGoesOnAsItMoved()
        {
            var stream = new Stream { Held = n => n >= 205 ? double.NegativeInfinity : 0 };
            var shots = Stream.Play(new JitterBuffer(), stream.Frames(0, 205), 144, 101, 105);
            var lastS = 204.5 / 50;
            var holding = shots.Where(s => s.TimeS > lastS && s.TimeS < lastS + 0.02).ToList();
            Assert.Greater(holding.Count, 1);
            foreach (var shot in holding)
            {
                Assert.AreEqual(1f, shot.Presence);
                Assert.Less(shot.OffCurve, 0.1, "predicted");
            }
        }

        [Test]
        public void AStreamThatBeginsAnew([Values(0.3, 1.0, 30.0)] double livedS, [Values(0.0, 0.5, 5.0)] double pauseS)
        {
            var first = new Stream();
            var frames = first.Frames(0, (int)(50 * livedS));
            var second = new Stream { StartS = 100 + livedS + pauseS };
            frames.AddRange(second.Frames(0, 300));
            var buffer = new JitterBuffer();
            var shots = Stream.Play(buffer, frames, 60, 100, second.StartS + 6);
            Assert.AreEqual(1, buffer.Restarts);
            var after = shots.Where(s => s.NowS > second.StartS + 0.7).ToList();
            FollowsTheCurve(after);
            Assert.Less(after[after.Count - 1].DelayS, 0.05);
        }

        [Test]
        public void AnotherStreamFurtherOn()
        {
            // another bridge of the same name, that has been running for an hour
            var frames = new Stream().Frames(0, 200);
            frames.AddRange(new Stream { StartS = 100 + 4.5 - 3600 }.Frames(180000, 300));
            var buffer = new JitterBuffer();
            var shots = Stream.Play(buffer, frames, 60, 100, 110);
            Assert.AreEqual(1, buffer.Restarts);
            FollowsTheCurve(shots.Where(s => s.NowS > 105.2));
            // and a stream that stood still for a while and goes on
            var still = new Stream().Frames(0, 200);
            still.AddRange(new Stream { StartS = 107 }.Frames(200, 300));
            var other = new JitterBuffer();
            FollowsTheCurve(Stream.Play(other, still, 60, 100, 116).Where(s => s.NowS > 111.7));
        }

        [Test]
        public void OneMadFrameIsNoNewStream()
        {
            var frames = new Stream().Frames(0, 400);
            var mad = new FaceFrame { Number = 7, TimeS = 1e6, ArrivalS = frames[200].ArrivalS + 0.001 };
            frames.Insert(201, mad);
            var madder = new FaceFrame { Number = 7, TimeS = 0.15, ArrivalS = frames[250].ArrivalS + 0.001 };
            frames.Insert(251, madder);
            var buffer = new JitterBuffer();
            FollowsTheCurve(Stream.Play(buffer, frames, 60, 101, 107.5));
            Assert.AreEqual(0, buffer.Restarts);
        }

        [Test]
        public void ABurstOfOldFramesIsNoNewStream()
        {
            // a network that stood still for 0.4 s and then gives all at once
            var stream = new Stream { Held = n => n >= 200 && n < 220 ? (220 - n) * 0.02 : 0 };
            var buffer = new JitterBuffer();
            var shots = Stream.Play(buffer, stream.Frames(0, 500), 60, 101, 109.5);
            Assert.AreEqual(0, buffer.Restarts);
            FollowsTheCurve(shots.Where(s => s.NowS > 105));
        }

        [Test]
        public void AnotherRateInTheMiddle([Values(24, 120)] int rate)
        {
            var frames = new Stream().Frames(0, 250);
            frames.AddRange(new Stream { RateHz = rate }.Frames(5 * rate, 5 * rate));
            var buffer = new JitterBuffer();
            var shots = Stream.Play(buffer, frames, 90, 101, 109.8);
            FollowsTheCurve(shots, 0.97);
            Assert.AreEqual(1.0 / rate, buffer.IntervalS, 1e-6);
            Assert.AreEqual(0, buffer.Lost);
        }

        [Test]
        public void AnEnginesOwnAudioClock()
        {
            // the engine plays the voice itself, 0.3 s behind the frames, and its clock goes in steps of 21 ms
            var frames = new Stream().Frames(0, 500);
            var buffer = new JitterBuffer();
            var face = new FaceFrame();
            var next = 0;
            for (var i = 0; i < 60 * 9; i++)
            {
                var now = 101 + i / 60.0;
                while (next < frames.Count && frames[next].ArrivalS <= now) buffer.Push(frames[next], frames[next++].ArrivalS);
                var audioS = Math.Floor((now - 100 - 0.5) / 0.0213) * 0.0213;
                Assert.IsTrue(buffer.SampleAt(audioS, now, face));
                var shot = Stream.See(buffer, face, now, true);
                Assert.AreEqual(audioS, shot.TimeS);
                if (i > 12) Assert.Less(shot.OffCurve, Close);
            }
            // back to the beginning, as a clip that is played again: what is kept is shown, what is not is held
            Assert.IsTrue(buffer.SampleAt(8.0, 110, face));
            buffer.SampleAt(0.0, 110.1, face);
        }

        [Test]
        public void WhereASoundHasToStart()
        {
            var buffer = new JitterBuffer();
            var shots = Stream.Play(buffer, new Stream().Frames(0, 500), 60, 101, 105);
            var last = shots[shots.Count - 1];
            Assert.AreEqual(last.TimeS + 1, buffer.AudioTimeAt(last.NowS + 1), 1e-9);
            Assert.Greater(buffer.NewestS, last.TimeS);
        }

        [Test]
        public void LimitsOfTheDelay()
        {
            var chance = new Random(3);
            var buffer = new JitterBuffer { MaxDelayS = 0.05 };
            Stream.Play(buffer, new Stream { Held = n => 0.2 * chance.NextDouble() }.Frames(0, 500), 60, 100, 109);
            Assert.AreEqual(0.05, buffer.TargetDelayS, 1e-9);
            buffer = new JitterBuffer { MinDelayS = 0.15 };
            Stream.Play(buffer, new Stream().Frames(0, 500), 60, 100, 109);
            Assert.AreEqual(0.15, buffer.DelayS, 0.001);
        }

        [Test]
        public void NothingYet()
        {
            var buffer = new JitterBuffer();
            var face = new FaceFrame();
            face.Arkit[0] = 1;
            Assert.IsFalse(buffer.Sample(5, face));
            Check.Same(new FaceFrame(), face);
            Assert.AreEqual(0, buffer.DelayS);
            // one frame only: it is reached, shown, and left again
            buffer.Push(new Stream().Frames(0, 1)[0], 5);
            Assert.IsFalse(buffer.Sample(5.001, face));
            Assert.IsTrue(buffer.Sample(5.06, face));
            Assert.IsFalse(buffer.Sample(9, face));
        }

        [Test]
        public void PlayingAllocatesNothing()
        {
            var buffer = new JitterBuffer();
            var frames = new Stream().Frames(0, 1000);
            var face = new FaceFrame();
            Check.AllocatesNothing(() =>
            {
                buffer.Reset();
                for (var i = 0; i < frames.Count; i++)
                {
                    buffer.Push(frames[i], frames[i].ArrivalS);
                    buffer.Sample(frames[i].ArrivalS + 0.001, face);
                    buffer.Sample(frames[i].ArrivalS + 0.011, face);
                }
            });
        }

        [Test]
        public void SlerpIsOnTheSphere()
        {
            var a = new Turn(0, 0, 0, 1);
            var b = new Turn(0, (float)Math.Sin(0.5), 0, (float)Math.Cos(0.5));
            for (var share = 0.0; share <= 1.5; share += 0.25)
                Assert.AreEqual(share * 0.5, Math.Atan2(Turn.Slerp(a, b, share).Y, Turn.Slerp(a, b, share).W), 1e-6);
            var far = new Turn(-b.X, -b.Y, -b.Z, -b.W); // the same rotation
            Assert.AreEqual(0.25, Math.Atan2(Turn.Slerp(a, far, 0.5).Y, Turn.Slerp(a, far, 0.5).W), 1e-6);
            Assert.AreEqual(1f, Turn.Slerp(default(Turn), default(Turn), 0.3).W);
        }
    }
}
