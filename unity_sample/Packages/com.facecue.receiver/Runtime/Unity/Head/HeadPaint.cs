using Facecue.Mapping;
using UnityEngine;
using UnityEngine.Rendering;

namespace Facecue
{
    /// <summary>Materials for the parts of a head, for the built-in pipeline and for URP and HDRP.</summary>
    static class HeadPaint
    {
        /// <summary>A material of the pipeline that is on: `own` for the built-in one, its default for others.</summary>
        public static Material Make(HeadPart part, Material own)
        {
            var pipeline = GraphicsSettings.currentRenderPipeline;
            var origin = pipeline != null ? pipeline.defaultMaterial : own;
            var material = origin != null ? new Material(origin) : new Material(Shader.Find("Standard"));
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
