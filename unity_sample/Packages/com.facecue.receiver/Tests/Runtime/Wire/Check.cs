using System;
using NUnit.Framework;

namespace Facecue.Wire.Tests
{
    /// <summary>Comparisons that several tests need.</summary>
    static class Check
    {
        public static void Same(FaceFrame want, FaceFrame got, double within = 0, bool landmarks = true)
        {
            Near(want.Arkit, got.Arkit, within, "arkit");
            Near(want.Gaze, got.Gaze, within, "gaze");
            Near(want.Emotion, got.Emotion, within, "emotion");
            Near(want.HeadRotation, got.HeadRotation, within, "head rotation");
            Near(want.HeadTranslation, got.HeadTranslation, within, "head translation");
            if (landmarks) Near(want.Landmarks, got.Landmarks, within, "landmarks");
        }

        public static void Near(float[] want, float[] got, double within, string what)
        {
            Assert.AreEqual(want.Length, got.Length, what);
            for (var i = 0; i < want.Length; i++)
                Assert.AreEqual(want[i], got[i], within, what + "[" + i + "]");
        }

        /// <summary>Bytes that this thread allocates meanwhile; -1 where the runtime does not tell.</summary>
        public static long Allocated(Action action)
        {
            var method = typeof(GC).GetMethod("GetAllocatedBytesForCurrentThread");
            if (method == null) return -1;
            var count = (Func<long>)Delegate.CreateDelegate(typeof(Func<long>), method);
            action(); // warm
            count();
            var before = count();
            action();
            return count() - before;
        }

        public static void AllocatesNothing(Action action)
        {
            var bytes = Allocated(action);
            if (bytes < 0) Assert.Ignore("this runtime does not count the bytes of a thread");
            Assert.AreEqual(0, bytes, "bytes allocated");
        }
    }
}
