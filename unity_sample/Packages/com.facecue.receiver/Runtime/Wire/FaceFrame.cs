using System;

namespace Facecue.Wire
{
    /// <summary>
    /// One frame of a face. Units and axes are those of docs/wire.md: cm and radians in the head frame (x the
    /// subject's left, y up, z out of the face; right-handed). Its arrays are made once and never replaced.
    /// </summary>
    public sealed class FaceFrame
    {
        public const int LandmarkNumbers = 204;
        public const int GazeNumbers = 4;
        public const int EmotionCount = 8;
        public const int ArkitCount = 52;

        /// <summary>Frame number since the stream began.</summary>
        public long Number;

        /// <summary>Audio time: seconds of sound since the stream began.</summary>
        public double TimeS;

        /// <summary>Seconds from the moment the sound was heard until the frame left the bridge.</summary>
        public double LatencyS;

        /// <summary>When the frame was received, by FaceClock.</summary>
        public double ArrivalS;

        /// <summary>x y z of 68 points, cm, head motion removed.</summary>
        public readonly float[] Landmarks = new float[LandmarkNumbers];

        /// <summary>Right yaw, right pitch, left yaw, left pitch; yaw + the subject's left, pitch + up.</summary>
        public readonly float[] Gaze = new float[GazeNumbers];

        /// <summary>Unit quaternion x y z w, against the resting head.</summary>
        public readonly float[] HeadRotation = new float[4];

        /// <summary>cm, against the resting head.</summary>
        public readonly float[] HeadTranslation = new float[3];

        /// <summary>Probabilities in the order of FaceNames.Emotions.</summary>
        public readonly float[] Emotion = new float[EmotionCount];

        /// <summary>Weights 0..1 in the order of FaceNames.Arkit.</summary>
        public readonly float[] Arkit = new float[ArkitCount];

        /// <summary>Whether Landmarks came with this frame; they are the resting face's where they did not.</summary>
        public bool HasLandmarks;

        public FaceFrame() => SetRest();

        /// <summary>Takes everything over from another frame.</summary>
        public void CopyFrom(FaceFrame other)
        {
            Number = other.Number;
            TimeS = other.TimeS;
            LatencyS = other.LatencyS;
            ArrivalS = other.ArrivalS;
            HasLandmarks = other.HasLandmarks;
            Array.Copy(other.Landmarks, Landmarks, LandmarkNumbers);
            Array.Copy(other.Gaze, Gaze, GazeNumbers);
            Array.Copy(other.HeadRotation, HeadRotation, 4);
            Array.Copy(other.HeadTranslation, HeadTranslation, 3);
            Array.Copy(other.Emotion, Emotion, EmotionCount);
            Array.Copy(other.Arkit, Arkit, ArkitCount);
        }

        /// <summary>Makes it the resting face; number and times are 0.</summary>
        public void SetRest()
        {
            Number = 0;
            TimeS = LatencyS = ArrivalS = 0;
            HasLandmarks = false;
            Array.Copy(NeutralFace.Landmarks, Landmarks, LandmarkNumbers);
            Array.Clear(Gaze, 0, GazeNumbers);
            Array.Clear(HeadRotation, 0, 3);
            HeadRotation[3] = 1f;
            Array.Clear(HeadTranslation, 0, 3);
            Array.Clear(Emotion, 0, EmotionCount);
            Emotion[FaceNames.Neutral] = 1f;
            Array.Clear(Arkit, 0, ArkitCount);
        }
    }
}
