using System;

namespace Facecue.Mapping
{
    /// <summary>What a person says about one blend shape; the rest is mapped by name.</summary>
    [Serializable]
    public sealed class ShapeSetting
    {
        /// <summary>Name of the blend shape as in the mesh.</summary>
        public string Shape = "";

        /// <summary>
        /// What drives it: an ARKit weight, an emotion, lipGap, mouthWidth, blinkBoth or one. Empty leaves the source that
        /// was found by name. Several settings with sources for one shape add up.
        /// </summary>
        public string Source = "";

        public float Gain = 1;
        public float Offset;

        /// <summary>Limits of the weight: 1 is the shape as it was made.</summary>
        public float Min;
        public float Max = 1;

        /// <summary>Leaves the shape alone.</summary>
        public bool Off;
    }
}
