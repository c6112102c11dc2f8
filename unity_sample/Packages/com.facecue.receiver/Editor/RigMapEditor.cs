using System.Collections.Generic;
using Facecue.Mapping;
using UnityEditor;
using UnityEngine;

namespace Facecue.Editor
{
    /// <summary>A map's settings, held against a character: what would move, and entries for what does not.</summary>
    [CustomEditor(typeof(RigMap))]
    public sealed class RigMapEditor : UnityEditor.Editor
    {
        GameObject _character;
        MapReport _report;

        public override void OnInspectorGUI()
        {
            DrawDefaultInspector();
            EditorGUILayout.Space();
            _character = (GameObject)EditorGUILayout.ObjectField("Try on", _character, typeof(GameObject), true);
            if (_character == null) return;
            var map = (RigMap)target;
            if (GUILayout.Button("Check")) _report = Check(map, _character);
            if (_report == null) return;
            ReportView.Show(_report);
            if (_report.Unused.Count > 0 && GUILayout.Button("Add an entry for each unused shape")) AddUnused(map);
        }

        /// <summary>What the map makes of a character.</summary>
        public static MapReport Check(RigMap map, GameObject character)
          => new FaceMap(ShapesOf(character), map.Preset, map.Settings).Report;

        static List<MeshShapes> ShapesOf(GameObject character)
        {
            var meshes = new List<MeshShapes>();
            foreach (var renderer in character.GetComponentsInChildren<SkinnedMeshRenderer>(true))
            {
                var mesh = renderer.sharedMesh;
                if (mesh == null || mesh.blendShapeCount == 0) continue;
                var names = new string[mesh.blendShapeCount];
                for (var i = 0; i < names.Length; i++) names[i] = mesh.GetBlendShapeName(i);
                meshes.Add(new MeshShapes(renderer.name, names));
            }
            return meshes;
        }

        void AddUnused(RigMap map)
        {
            Undo.RecordObject(map, "Add unused shapes");
            foreach (var mesh in ShapesOf(_character))
                foreach (var shape in mesh.Shapes)
                    if (_report.Unused.Contains(mesh.Name + "." + shape)
                        && !map.Settings.Exists(setting => setting.Shape == shape))
                        map.Settings.Add(new ShapeSetting { Shape = shape, Off = true });
            EditorUtility.SetDirty(map);
            _report = Check(map, _character);
        }
    }

    /// <summary>One setting: its shape, and a list of the sources.</summary>
    [CustomPropertyDrawer(typeof(ShapeSetting))]
    public sealed class ShapeSettingDrawer : PropertyDrawer
    {
        static readonly string[] _sources = Sources();

        public override float GetPropertyHeight(SerializedProperty property, GUIContent label)
          => 2 * (EditorGUIUtility.singleLineHeight + EditorGUIUtility.standardVerticalSpacing);

        public override void OnGUI(Rect position, SerializedProperty property, GUIContent label)
        {
            var line = new Rect(position.x, position.y, position.width, EditorGUIUtility.singleLineHeight);
            var source = property.FindPropertyRelative("Source");
            EditorGUI.PropertyField(Part(line, 0, 0.5f), property.FindPropertyRelative("Shape"), GUIContent.none);
            var chosen = Mathf.Max(0, System.Array.IndexOf(_sources, source.stringValue));
            var now = EditorGUI.Popup(Part(line, 0.5f, 0.4f), chosen, _sources);
            if (now != chosen) source.stringValue = now == 0 ? "" : _sources[now];
            EditorGUI.PropertyField(Part(line, 0.92f, 0.08f), property.FindPropertyRelative("Off"), GUIContent.none);
            line.y += line.height + EditorGUIUtility.standardVerticalSpacing;
            Number(line, 0, "gain", property.FindPropertyRelative("Gain"));
            Number(line, 1, "offset", property.FindPropertyRelative("Offset"));
            Number(line, 2, "min", property.FindPropertyRelative("Min"));
            Number(line, 3, "max", property.FindPropertyRelative("Max"));
        }

        static void Number(Rect line, int column, string name, SerializedProperty property)
        {
            EditorGUI.LabelField(Part(line, column * 0.25f, 0.1f), name);
            EditorGUI.PropertyField(Part(line, column * 0.25f + 0.1f, 0.14f), property, GUIContent.none);
        }

        static Rect Part(Rect line, float from, float share)
          => new Rect(line.x + line.width * from, line.y, line.width * share, line.height);

        static string[] Sources()
        {
            var names = new string[FaceInputs.Count + 1];
            names[0] = "(by name)";
            for (var i = 0; i < FaceInputs.Count; i++) names[i + 1] = FaceInputs.NameOf(i);
            return names;
        }
    }
}
