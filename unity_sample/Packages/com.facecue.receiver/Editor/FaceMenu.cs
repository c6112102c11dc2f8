using UnityEditor;
using UnityEngine;

namespace Facecue.Editor
{
    /// <summary>GameObject, facecue: what a scene needs, in one click each.</summary>
    public static class FaceMenu
    {
        /// <summary>Where the package keeps its head.</summary>
        public const string HeadPath = "Packages/com.facecue.receiver/Runtime/Head/Head.bytes";

        /// <summary>A receiver; below a selected character it moves that character at once.</summary>
        [MenuItem("GameObject/facecue/Receiver", false, 10)]
        public static void AddReceiver(MenuCommand command)
        {
            var character = command.context as GameObject;
            var receiver = New("facecue Receiver", character).AddComponent<FaceReceiver>();
            if (character != null && HasShapes(character)) Connect(character, receiver);
            Selection.activeGameObject = receiver.gameObject;
        }

        /// <summary>A director that tells the bridge what face to make.</summary>
        [MenuItem("GameObject/facecue/Director", false, 11)]
        public static void AddDirector(MenuCommand command)
        {
            var director = New("facecue Director", command.context as GameObject).AddComponent<FaceDirector>();
            director.Receiver = Object.FindAnyObjectByType<FaceReceiver>();
            director.Head = Object.FindAnyObjectByType<HeadAndEyes>();
            Selection.activeGameObject = director.gameObject;
        }

        /// <summary>facecue's own head with a receiver: something that moves when nothing else is at hand.</summary>
        [MenuItem("GameObject/facecue/Talking Head", false, 12)]
        public static void AddHead(MenuCommand command)
        {
            var head = New("facecue Head", command.context as GameObject);
            var built = head.AddComponent<FaceHead>();
            built.Receiver = head.AddComponent<FaceReceiver>();
            built.File = AssetDatabase.LoadAssetAtPath<TextAsset>(HeadPath);
            built.Material = AssetDatabase.GetBuiltinExtraResource<Material>("Default-Material.mat");
            Selection.activeGameObject = head;
        }

        static void Connect(GameObject character, FaceReceiver receiver)
        {
            var rig = Own<FaceRig>(character);
            rig.Receiver = receiver;
            var report = FaceRigEditor.AutoMap(rig);
            var head = Own<HeadAndEyes>(character);
            Undo.RecordObject(head, "Connect");
            head.Receiver = receiver;
            EditorUtility.SetDirty(head);
            Debug.Log("facecue: " + report, rig);
        }

        static bool HasShapes(GameObject character)
        {
            foreach (var mesh in character.GetComponentsInChildren<SkinnedMeshRenderer>(true))
                if (mesh.sharedMesh != null && mesh.sharedMesh.blendShapeCount > 0) return true;
            return false;
        }

        static T Own<T>(GameObject character) where T : Component
        {
            var there = character.GetComponent<T>();
            return there != null ? there : Undo.AddComponent<T>(character);
        }

        static GameObject New(string name, GameObject parent)
        {
            var made = new GameObject(name);
            GameObjectUtility.SetParentAndAlign(made, parent);
            Undo.RegisterCreatedObjectUndo(made, "Create " + name);
            return made;
        }
    }
}
