// A thin UnityEditor for tests: the members that the package's inspectors use.
using System;
using System.Collections.Generic;
using UnityEngine;
using Object = UnityEngine.Object;

namespace UnityEditor
{
    public class Editor : ScriptableObject
    {
        public Object target { get; set; }
        public Object[] targets { get; set; } = new Object[1];
        public virtual void OnInspectorGUI() => DrawDefaultInspector();
        public bool DrawDefaultInspector() => false;
        public virtual bool RequiresConstantRepaint() => false;
    }

    [AttributeUsage(AttributeTargets.Class)]
    public class CustomEditor : Attribute { public CustomEditor(Type inspectedType) { } }
    [AttributeUsage(AttributeTargets.Class)]
    public class CanEditMultipleObjects : Attribute { }
    [AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
    public sealed class CustomPropertyDrawer : Attribute { public CustomPropertyDrawer(Type type) { } }
    [AttributeUsage(AttributeTargets.Method)]
    public sealed class MenuItem : Attribute
    {
        public MenuItem(string itemName) { menuItem = itemName; }
        public MenuItem(string itemName, bool isValidateFunction, int priority) { menuItem = itemName; }
        public string menuItem;
    }

    public sealed class MenuCommand
    {
        public Object context;
        public MenuCommand(Object context) { this.context = context; }
    }

    public abstract class GUIDrawer { }

    public abstract class PropertyDrawer : GUIDrawer
    {
        public virtual void OnGUI(Rect position, SerializedProperty property, GUIContent label) { }
        public virtual float GetPropertyHeight(SerializedProperty property, GUIContent label) => 18;
    }

    public class SerializedProperty
    {
        public string stringValue { get; set; }
        public SerializedProperty FindPropertyRelative(string relativePropertyPath) => null;
    }

    public enum MessageType { None, Info, Warning, Error }

    public static class EditorStyles { public static GUIStyle boldLabel => new GUIStyle(); }

    /// <summary>What was drawn stands in Lines, for tests.</summary>
    public sealed class EditorGUILayout
    {
        public static readonly List<string> Lines = new List<string>();
        public static void Space() { }
        public static void HelpBox(string message, MessageType type) => Lines.Add(type + ": " + message);
        public static void LabelField(string label, params GUILayoutOption[] options) => Lines.Add(label);
        public static void LabelField(string label, GUIStyle style, params GUILayoutOption[] options) => Lines.Add(label);
        public static void LabelField(string label, string label2, params GUILayoutOption[] options)
            => Lines.Add(label + ": " + label2);
        public static bool Foldout(bool foldout, string content, bool toggleOnLabelClick)
        {
            Lines.Add(content);
            return foldout;
        }
        public static Rect GetControlRect(bool hasLabel, float height, params GUILayoutOption[] options)
            => new Rect(0, 0, 100, height);
        public static Object ObjectField(string label, Object obj, Type objType, bool allowSceneObjects,
                                         params GUILayoutOption[] options) => obj;
    }

    public sealed class EditorGUI
    {
        public static int indentLevel { get; set; }
        public static void ProgressBar(Rect position, float value, string text) => EditorGUILayout.Lines.Add(text);
        public static void LabelField(Rect position, string label) { }
        public static bool PropertyField(Rect position, SerializedProperty property, GUIContent label) => false;
        public static int Popup(Rect position, int selectedIndex, string[] displayedOptions) => selectedIndex;
    }

    public sealed class EditorGUIUtility
    {
        public static float singleLineHeight => 18;
        public static float standardVerticalSpacing => 2;
        public static string systemCopyBuffer { get; set; }
    }

    public sealed class EditorUtility { public static void SetDirty(Object target) { } }

    public class Undo
    {
        public static void RecordObject(Object objectToUndo, string name) { }
        public static void RegisterCreatedObjectUndo(Object objectToUndo, string name) { }
        public static T AddComponent<T>(GameObject gameObject) where T : Component => gameObject.AddComponent<T>();
    }

    public sealed class Selection { public static GameObject activeGameObject { get; set; } }

    public sealed class GameObjectUtility
    {
        public static void SetParentAndAlign(GameObject child, GameObject parent)
        {
            if (parent != null) child.transform.SetParent(parent.transform, false);
        }
    }

    public sealed class AssetDatabase
    {
        public static readonly Dictionary<string, Object> Assets = new Dictionary<string, Object>();
        public static T LoadAssetAtPath<T>(string assetPath) where T : Object
            => Assets.ContainsKey(assetPath) ? Assets[assetPath] as T : null;
        public static T GetBuiltinExtraResource<T>(string path) where T : Object => null;
    }
}
