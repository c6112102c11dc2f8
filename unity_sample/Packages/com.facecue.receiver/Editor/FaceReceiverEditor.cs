using System;
using Facecue.Wire;
using UnityEditor;
using UnityEngine;

namespace Facecue.Editor
{
    /// <summary>The receiver's settings, and while it plays how it fares: connection, rate, latency, losses, weights.</summary>
    [CustomEditor(typeof(FaceReceiver)), CanEditMultipleObjects]
    public sealed class FaceReceiverEditor : UnityEditor.Editor
    {
        /// <summary>So many of the strongest weights are shown.</summary>
        public const int Bars = 8;

        readonly int[] _strongest = new int[Bars];

        public override bool RequiresConstantRepaint() => Application.isPlaying;

        public override void OnInspectorGUI()
        {
            DrawDefaultInspector();
            if (targets.Length > 1) return;
            var receiver = (FaceReceiver)target;
            EditorGUILayout.Space();
            if (!Application.isPlaying)
            {
                EditorGUILayout.HelpBox(Hint(receiver), MessageType.Info);
                return;
            }
            EditorGUILayout.LabelField(receiver.State.ToString(), EditorStyles.boldLabel);
            if (!string.IsNullOrEmpty(receiver.Detail)) EditorGUILayout.HelpBox(receiver.Detail, Kind(receiver.State));
            EditorGUILayout.LabelField("Frames a second", receiver.FramesPerSecond.ToString("0.0"));
            EditorGUILayout.LabelField("Latency", Ms(receiver.LatencyS) + " from the sound to this face");
            EditorGUILayout.LabelField("Delay", Ms(receiver.DelayS) + " now, " + Ms(receiver.TargetDelayS) + " wanted");
            EditorGUILayout.LabelField("Received", receiver.Received + " frames, " + receiver.Restarts + " streams begun anew");
            EditorGUILayout.LabelField("Dropped", receiver.Dropped + " not taken, " + receiver.Late + " late, "
                + receiver.Lost + " lost, " + receiver.Rejected + " not readable");
            EditorGUILayout.LabelField("Emotion", receiver.Emotion);
            ShowBars(receiver.Frame.Arkit);
        }

        /// <summary>Indices of the strongest weights, the strongest first, into `into`.</summary>
        public static void FindStrongest(float[] weights, int[] into)
        {
            for (var i = 0; i < into.Length; i++)
            {
                var best = -1;
                for (var w = 0; w < weights.Length; w++)
                    if (Array.IndexOf(into, w, 0, i) < 0 && (best < 0 || weights[w] > weights[best])) best = w;
                into[i] = best;
            }
        }

        void ShowBars(float[] weights)
        {
            FindStrongest(weights, _strongest);
            foreach (var index in _strongest)
            {
                var rect = EditorGUILayout.GetControlRect(false, EditorGUIUtility.singleLineHeight);
                EditorGUI.ProgressBar(rect, weights[index], FaceNames.Arkit[index] + " " + weights[index].ToString("0.00"));
            }
        }

        static string Hint(FaceReceiver receiver)
          => receiver.Protocol == FaceProtocol.ZeroMQ
              ? "facecue live --actor " + receiver.Actor + " --sink zmq://" + receiver.Host + ":" + receiver.Port
              : "facecue live --actor " + receiver.Actor + " --sink osc://127.0.0.1:" + receiver.Port + "   (or vmc://)";

        static MessageType Kind(LinkState state)
          => state == LinkState.Refused || state == LinkState.Closed ? MessageType.Error : MessageType.Info;

        static string Ms(double seconds) => (seconds * 1000).ToString("0") + " ms";
    }
}
