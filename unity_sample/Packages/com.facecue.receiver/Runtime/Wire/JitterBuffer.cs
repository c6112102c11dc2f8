using System;

namespace Facecue.Wire
{
    /// <summary>
    /// Plays frames at audio time. One thread pushes and samples: Push(frame, frame.ArrivalS) whatever a source has,
    /// then Sample(FaceClock.NowS, into) once a picture. Not thread safe.
    /// </summary>
    public sealed class JitterBuffer
    {
        public JitterBuffer(int capacity = 256) => throw new NotImplementedException();

        /// <summary>Takes a frame that came at `nowS` (FaceFrame.ArrivalS).</summary>
        public void Push(FaceFrame frame, double nowS) => throw new NotImplementedException();

        /// <summary>The face at `nowS`; `into` is always filled. False where it rests because nothing comes.</summary>
        public bool Sample(double nowS, FaceFrame into) => throw new NotImplementedException();

        /// <summary>The same with another clock: the face that belongs to the sound at `audioS` of the stream.</summary>
        public bool SampleAt(double audioS, double nowS, FaceFrame into) => throw new NotImplementedException();

        /// <summary>Audio time that Sample would play at `nowS`: where a sound that starts now has to start.</summary>
        public double AudioTimeAt(double nowS) => throw new NotImplementedException();

        /// <summary>Delay behind the fastest frame, now and aimed at; seconds.</summary>
        public double DelayS => throw new NotImplementedException();
        public double TargetDelayS => throw new NotImplementedException();

        /// <summary>Seconds from one frame to the next.</summary>
        public double IntervalS => throw new NotImplementedException();

        /// <summary>Limits of TargetDelayS.</summary>
        public double MinDelayS { get; set; }
        public double MaxDelayS { get; set; }

        /// <summary>1 while frames play, on the way to 0 when they stop coming.</summary>
        public float Presence => throw new NotImplementedException();

        /// <summary>Frames that came too late to be played, that never came, that came twice, and streams begun anew.</summary>
        public long Late => throw new NotImplementedException();
        public long Lost => throw new NotImplementedException();
        public long Duplicates => throw new NotImplementedException();
        public long Restarts => throw new NotImplementedException();

        /// <summary>Forgets the stream.</summary>
        public void Reset() => throw new NotImplementedException();
    }
}
