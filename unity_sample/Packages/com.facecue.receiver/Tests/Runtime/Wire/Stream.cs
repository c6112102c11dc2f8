using System;
using System.Collections.Generic;

namespace Facecue.Wire.Tests
{
    /// <summary>A stream of a known curve, its way through a network, and an engine that takes pictures: no real time passes.</summary>
    sealed class Stream
    {
        /// <summary>Hz of the curve: as fast as a mouth moves.</summary>
        public const double CurveHz = 2.0;
        public const double TurnRad = 0.4;

        public double RateHz = 50;

        /// <summary>Seconds from a frame's audio time until it arrives, where nothing holds it up.</summary>
        public double WayS = 0.2;

        /// <summary>Seconds that frame n is held up; negative infinity: it never comes.</summary>
        public Func<int, double> Held = n => 0;

        /// <summary>The sender's clock runs faster by this share.</summary>
        public double Drift;

        /// <summary>When frame 0's sound was heard, by the receiver's clock.</summary>
        public double StartS = 100;

        public static float Weight(double t) => (float)(0.5 + 0.45 * Math.Sin(2 * Math.PI * CurveHz * t));

        public static void Fill(FaceFrame frame, double t)
        {
            var weight = Weight(t);
            for (var i = 0; i < frame.Arkit.Length; i++) frame.Arkit[i] = weight;
            var angle = TurnRad * Math.Sin(2 * Math.PI * CurveHz * t);
            frame.HeadRotation[0] = (float)(0.6 * Math.Sin(angle / 2));
            frame.HeadRotation[1] = (float)(0.8 * Math.Sin(angle / 2));
            frame.HeadRotation[2] = 0;
            frame.HeadRotation[3] = (float)Math.Cos(angle / 2);
            frame.HasLandmarks = true;
            frame.Landmarks[0] = weight;
        }

        /// <summary>Frames from `first` on in the order in which they arrive.</summary>
        public List<FaceFrame> Frames(int first, int count)
        {
            var frames = new List<FaceFrame>();
            for (var n = first; n < first + count; n++)
            {
                var held = Held(n);
                if (double.IsNegativeInfinity(held)) continue;
                var frame = new FaceFrame { Number = n, TimeS = (n + 0.5) / RateHz };
                Fill(frame, frame.TimeS);
                frame.ArrivalS = StartS + frame.TimeS / (1 + Drift) + WayS + held;
                frames.Add(frame);
            }
            frames.Sort((a, b) => a.ArrivalS.CompareTo(b.ArrivalS));
            return frames;
        }

        /// <summary>One picture.</summary>
        public struct Shot
        {
            public double NowS, TimeS, DelayS;
            public bool Settled, Any;
            public float Weight, Presence;
            public double OffCurve; // of the weight, share of its range
            public double OffTurn; // radians
        }

        /// <summary>Plays frames into a buffer and takes pictures from one moment to another.</summary>
        public static List<Shot> Play(JitterBuffer buffer, IEnumerable<FaceFrame> frames, double pictureHz, double fromS, double toS)
        {
            var waiting = new Queue<FaceFrame>(frames);
            var shots = new List<Shot>();
            var face = new FaceFrame();
            var count = (int)Math.Floor((toS - fromS) * pictureHz);
            for (var i = 0; i < count; i++)
            {
                var now = fromS + i / pictureHz;
                while (waiting.Count > 0 && waiting.Peek().ArrivalS <= now)
                {
                    var frame = waiting.Dequeue();
                    buffer.Push(frame, frame.ArrivalS);
                }
                var any = buffer.Sample(now, face);
                shots.Add(See(buffer, face, now, any));
            }
            return shots;
        }

        public static Shot See(JitterBuffer buffer, FaceFrame face, double nowS, bool any)
        {
            var q = face.HeadRotation;
            var angle = 2 * Math.Atan2(q[0] / 0.6, q[3]);
            return new Shot
            {
                NowS = nowS, TimeS = face.TimeS, DelayS = buffer.DelayS, Settled = buffer.Settled, Any = any,
                Weight = face.Arkit[24], Presence = buffer.Presence,
                OffCurve = Math.Abs(face.Arkit[24] - Weight(face.TimeS)) / 0.9,
                OffTurn = Math.Abs(angle - TurnRad * Math.Sin(2 * Math.PI * CurveHz * face.TimeS)),
            };
        }
    }
}
