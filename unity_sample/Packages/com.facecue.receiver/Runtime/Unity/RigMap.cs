using System.Collections.Generic;
using Facecue.Mapping;
using UnityEngine;

namespace Facecue
{
    /// <summary>What mapping by name cannot know of a character: kept as an asset, so that several scenes share it.</summary>
    [CreateAssetMenu(menuName = "facecue/Rig Map", fileName = "RigMap")]
    public sealed class RigMap : ScriptableObject
    {
        [SerializeField] PresetName _preset = PresetName.Auto;
        [SerializeField] List<ShapeSetting> _settings = new List<ShapeSetting>();

        /// <summary>The family of shapes; Auto looks at the names.</summary>
        public PresetName Preset { get => _preset; set => _preset = value; }

        public List<ShapeSetting> Settings => _settings;
    }
}
