using System.Collections.Generic;

namespace UnityEngine
{
    public enum HumanBodyBones { Hips = 0, Neck = 9, Head = 10, LeftEye = 21, RightEye = 22, Jaw = 23 }

    public class Animator : Behaviour
    {
        /// <summary>For tests: what GetBoneTransform answers.</summary>
        public readonly Dictionary<HumanBodyBones, Transform> Bones = new Dictionary<HumanBodyBones, Transform>();

        public bool isHuman => Bones.Count > 0;

        public Transform GetBoneTransform(HumanBodyBones humanBoneId)
        {
            Transform bone;
            return Bones.TryGetValue(humanBoneId, out bone) ? bone : null;
        }
    }

    public sealed class AudioClip : Object
    {
        public int frequency { get; internal set; }
        public int samples { get; internal set; }
        public int channels { get; internal set; } = 1;
        float[] _data = new float[0];

        public static AudioClip Create(string name, int lengthSamples, int channels, int frequency, bool stream)
            => new AudioClip
            {
                name = name, samples = lengthSamples, frequency = frequency, channels = channels,
                _data = new float[lengthSamples * channels]
            };

        public bool GetData(float[] data, int offsetSamples)
        {
            for (var i = 0; i < data.Length; i++) data[i] = _data[(offsetSamples * channels + i) % _data.Length];
            return true;
        }

        public bool SetData(float[] data, int offsetSamples)
        {
            for (var i = 0; i < data.Length; i++) _data[(offsetSamples * channels + i) % _data.Length] = data[i];
            return true;
        }
    }

    public sealed class AudioSource : Behaviour
    {
        public AudioClip clip { get; set; }
        public int timeSamples { get; set; }
        public bool isPlaying { get; private set; }
        public void Play() => isPlaying = true;
        public void Stop() => isPlaying = false;
    }

    public static class AudioSettings { public static int outputSampleRate { get; set; } = 48000; }
}
