using System.Collections.Generic;
using Facecue.Mapping;
using UnityEditor;
using UnityEngine;

namespace Facecue.Editor
{
    /// <summary>Auto-map, and what it found, misses and leaves alone.</summary>
    [CustomEditor(typeof(FaceRig))]
    public sealed class FaceRigEditor : UnityEditor.Editor
    {
        MapReport _report;

        public override void OnInspectorGUI()
        {
            DrawDefaultInspector();
            var rig = (FaceRig)target;
            EditorGUILayout.Space();
            if (GUILayout.Button("Auto-map")) _report = AutoMap(rig);
            var report = Application.isPlaying ? rig.Report : _report;
            if (report != null) ReportView.Show(report);
        }

        /// <summary>Fills the list of meshes where it is empty, and maps them by name.</summary>
        public static MapReport AutoMap(FaceRig rig)
        {
            Undo.RecordObject(rig, "Auto-map");
            rig.Meshes.RemoveAll(mesh => mesh == null);
            if (rig.Meshes.Count == 0)
                foreach (var mesh in rig.GetComponentsInChildren<SkinnedMeshRenderer>(true))
                    if (mesh.sharedMesh != null && mesh.sharedMesh.blendShapeCount > 0) rig.Meshes.Add(mesh);
            if (rig.Receiver == null) rig.Receiver = rig.GetComponentInParent<FaceReceiver>();
            var report = rig.Bind();
            EditorUtility.SetDirty(rig);
            return report;
        }
    }

    /// <summary>A report of mapping in the inspector: folded lists.</summary>
    static class ReportView
    {
        static readonly HashSet<string> _open = new HashSet<string> { "Wrong", "Missing" };

        public static void Show(MapReport report)
        {
            var presets = report.Presets.Count == 0 ? "no preset fits these names: write a Rig Map"
                : string.Join(" + ", report.Presets.ConvertAll(preset => preset.ToString()));
            EditorGUILayout.HelpBox(presets, report.Presets.Count == 0 ? MessageType.Warning : MessageType.Info);
            List("Wrong", report.Wrong);
            List("Found", report.Found);
            List("Missing", report.Missing);
            List("Unused", report.Unused);
            if (GUILayout.Button("Copy report")) EditorGUIUtility.systemCopyBuffer = report.ToString();
        }

        static void List(string title, List<string> lines)
        {
            if (lines.Count == 0) return;
            var open = EditorGUILayout.Foldout(_open.Contains(title), title + " (" + lines.Count + ")", true);
            if (open) _open.Add(title); else _open.Remove(title);
            if (!open) return;
            EditorGUI.indentLevel++;
            foreach (var line in lines) EditorGUILayout.LabelField(line);
            EditorGUI.indentLevel--;
        }
    }
}
