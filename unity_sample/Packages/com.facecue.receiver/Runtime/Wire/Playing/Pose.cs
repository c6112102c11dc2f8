using System;

namespace Facecue.Wire
{
    /// <summary>Faces between faces: numbers on a line, rotations on the sphere.</summary>
    static class Pose
    {
        /// <summary>
        /// The face at a share of the way from one to another: 0 is a, 1 is b; beyond 1 it goes on alike. `into` may be
        /// either of them. Number, times and latency are left as they are.
        /// </summary>
        public static void Mix(FaceFrame a, FaceFrame b, double share, FaceFrame into)
        {
            Line(a.Arkit, b.Arkit, share, into.Arkit);
            Line(a.Gaze, b.Gaze, share, into.Gaze);
            Line(a.Emotion, b.Emotion, share, into.Emotion);
            Line(a.HeadTranslation, b.HeadTranslation, share, into.HeadTranslation);
            var turn = Turn.Slerp(Rotation(a), Rotation(b), share);
            into.HeadRotation[0] = turn.X;
            into.HeadRotation[1] = turn.Y;
            into.HeadRotation[2] = turn.Z;
            into.HeadRotation[3] = turn.W;
            // a face whose landmarks were lost on the way has those of the other
            if (a.HasLandmarks == b.HasLandmarks) Line(a.Landmarks, b.Landmarks, share, into.Landmarks);
            else Array.Copy((a.HasLandmarks ? a : b).Landmarks, into.Landmarks, FaceFrame.LandmarkNumbers);
            into.HasLandmarks = a.HasLandmarks || b.HasLandmarks;
        }

        /// <summary>
        /// The face `afterS` behind the last one, as it was moving: ever slower, and still after `untilS`. Weights keep
        /// within 0..1, emotions stay.
        /// </summary>
        public static void Predict(FaceFrame before, FaceFrame last, double afterS, double untilS, FaceFrame into)
        {
            var x = Math.Min(afterS, untilS);
            var way = x - x * x / (2 * untilS);
            Mix(before, last, 1 + way / (last.TimeS - before.TimeS), into);
            for (var i = 0; i < into.Arkit.Length; i++) into.Arkit[i] = Math.Min(Math.Max(into.Arkit[i], 0f), 1f);
            Array.Copy(last.Emotion, into.Emotion, FaceFrame.EmotionCount);
        }

        /// <summary>0 to 1 with a soft start and end.</summary>
        public static double Smooth(double x)
        {
            x = Math.Min(Math.Max(x, 0.0), 1.0);
            return x * x * (3 - 2 * x);
        }

        static Turn Rotation(FaceFrame frame)
        {
            var q = frame.HeadRotation;
            return new Turn(q[0], q[1], q[2], q[3]);
        }

        static void Line(float[] a, float[] b, double share, float[] into)
        {
            for (var i = 0; i < into.Length; i++)
            {
                var value = (float)(a[i] + share * ((double)b[i] - a[i]));
                into[i] = Bits.IsFinite(value) ? value : b[i]; // beyond the last of two absurd numbers
            }
        }
    }
}
