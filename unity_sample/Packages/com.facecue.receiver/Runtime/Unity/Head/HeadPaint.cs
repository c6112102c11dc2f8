using Facecue.Mapping;
using UnityEngine;
using UnityEngine.Rendering;

namespace Facecue
{
    /// <summary>Materials for the parts of a head, for the built-in pipeline and for URP and HDRP.</summary>
    static class HeadPaint
    {
        /// <summary>A copy of `own`, or of the default of a pipeline that cannot draw with Standard.</summary>
        public static Material Make(HeadPart part, Material own)
        {
            var material = Blank(own);
            material.name = "facecue " + part.Name;
            var colour = new Color(part.Colour[0], part.Colour[1], part.Colour[2], part.Colour[3]);
            Set(material, _colour, colour);
            Set(material, _baseColour, colour);
            Set(material, _glossiness, part.Smoothness);
            Set(material, _smoothness, part.Smoothness);
            Set(material, _metallic, 0);
            if (part.Glow > 0)
            {
                material.EnableKeyword("_EMISSION");
                Set(material, _emission, colour * part.Glow);
            }
            return material;
        }

        // players of URP and HDRP know no default material, only what the build holds
        static Material Blank(Material own)
        {
            var pipeline = GraphicsSettings.currentRenderPipeline;
            if (own != null && (pipeline == null || own.shader.name != "Standard")) return new Material(own);
            if (pipeline != null && pipeline.defaultMaterial != null) return new Material(pipeline.defaultMaterial);
            var shader = pipeline != null ? pipeline.defaultShader : Shader.Find("Standard");
            return shader != null ? new Material(shader) : new Material(own);
        }

        static readonly int _colour = Shader.PropertyToID("_Color");
        static readonly int _baseColour = Shader.PropertyToID("_BaseColor");
        static readonly int _glossiness = Shader.PropertyToID("_Glossiness");
        static readonly int _smoothness = Shader.PropertyToID("_Smoothness");
        static readonly int _metallic = Shader.PropertyToID("_Metallic");
        static readonly int _emission = Shader.PropertyToID("_EmissionColor");

        static void Set(Material material, int property, Color value)
        {
            if (material.HasProperty(property)) material.SetColor(property, value);
        }

        static void Set(Material material, int property, float value)
        {
            if (material.HasProperty(property)) material.SetFloat(property, value);
        }
    }
}
