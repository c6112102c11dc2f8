using System.Collections.Generic;

namespace UnityEngine
{
    public sealed class GUIContent
    {
        public static GUIContent none = new GUIContent();
        public string text { get; set; }
    }

    public class GUIStyle { }

    public class GUILayoutOption { }

    /// <summary>Buttons whose text stands in Pressed answer true, once.</summary>
    public static class GUILayout
    {
        public static readonly HashSet<string> Pressed = new HashSet<string>();
        public static readonly List<string> Labels = new List<string>();

        public static void BeginArea(Rect screenRect) => Labels.Clear();
        public static void EndArea() { }
        public static void Label(string text, params GUILayoutOption[] options) => Labels.Add(text);
        public static bool Button(string text, params GUILayoutOption[] options) => Pressed.Remove(text);
        public static float HorizontalSlider(float value, float leftValue, float rightValue, params GUILayoutOption[] options)
            => value;
    }
}
