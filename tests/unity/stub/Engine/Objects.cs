// A thin UnityEngine for tests: the members that the package uses, with Unity's own signatures and behaviour.
using System;
using System.Collections.Generic;

namespace UnityEngine
{
    public enum HideFlags { None = 0, HideAndDontSave = 61 }

    public class Object
    {
        static int _ids;
        readonly int _id = ++_ids;
        internal bool Destroyed;

        public string name { get; set; }
        public HideFlags hideFlags { get; set; }

        public int GetInstanceID() => _id;
        public override int GetHashCode() => _id;
        public override bool Equals(object other) => this == (other as Object);
        public override string ToString() => name + " (" + GetType().FullName + ")";

        // a destroyed object is equal to null
        public static bool operator ==(Object a, Object b)
        {
            var noA = ReferenceEquals(a, null) || a.Destroyed;
            var noB = ReferenceEquals(b, null) || b.Destroyed;
            return noA || noB ? noA && noB : ReferenceEquals(a, b);
        }

        public static bool operator !=(Object a, Object b) => !(a == b);
        public static implicit operator bool(Object exists) => exists != null;

        public static void Destroy(Object obj) => Player.DestroyLater(obj);
        public static void Destroy(Object obj, float t) => Player.DestroyLater(obj);
        public static void DestroyImmediate(Object obj) => Player.DestroyNow(obj);

        public static T FindAnyObjectByType<T>() where T : Object
        {
            foreach (var component in Player.Components)
                if (component is T && component.gameObject.activeInHierarchy) return (T)(Object)component;
            return null;
        }
    }

    public class Component : Object
    {
        public GameObject gameObject { get; internal set; }
        public Transform transform => gameObject.transform;
        public new string name { get => gameObject.name; set => gameObject.name = value; }

        public T GetComponent<T>() => gameObject.GetComponent<T>();
        public T[] GetComponentsInChildren<T>() => gameObject.GetComponentsInChildren<T>(false);
        public T[] GetComponentsInChildren<T>(bool includeInactive) => gameObject.GetComponentsInChildren<T>(includeInactive);
        public T GetComponentInParent<T>() => gameObject.GetComponentInParent<T>();
    }

    public class Behaviour : Component
    {
        bool _enabled = true;

        public bool enabled
        {
            get => _enabled;
            set { _enabled = value; Player.Refresh(this); }
        }

        public bool isActiveAndEnabled => _enabled && gameObject.activeInHierarchy;
    }

    public class MonoBehaviour : Behaviour { }

    public class ScriptableObject : Object
    {
        public static T CreateInstance<T>() where T : ScriptableObject => (T)Activator.CreateInstance(typeof(T), true);
    }

    public sealed class GameObject : Object
    {
        readonly List<Component> _components = new List<Component>();
        bool _active = true;

        public Transform transform { get; }

        public GameObject() : this("New Game Object") { }

        public GameObject(string name)
        {
            this.name = name;
            transform = new Transform { gameObject = this };
            _components.Add(transform);
            Player.Objects.Add(this);
        }

        public bool activeSelf => _active;
        public bool activeInHierarchy
            => _active && (transform.parent == null || transform.parent.gameObject.activeInHierarchy);

        public void SetActive(bool value)
        {
            _active = value;
            foreach (var component in GetComponentsInChildren<Behaviour>(true)) Player.Refresh(component);
        }

        public T AddComponent<T>() where T : Component => (T)AddComponent(typeof(T));

        public Component AddComponent(Type type)
        {
            foreach (RequireComponent required in type.GetCustomAttributes(typeof(RequireComponent), true))
                if (_components.Find(c => required.m_Type0.IsInstanceOfType(c)) == null) AddComponent(required.m_Type0);
            if (type.IsDefined(typeof(DisallowMultipleComponent), true) && _components.Exists(type.IsInstanceOfType))
            {
                Debug.LogError("a second " + type.Name + " is not allowed on " + name);
                return null;
            }
            var component = (Component)Activator.CreateInstance(type, true);
            component.gameObject = this;
            _components.Add(component);
            Player.Begin(component);
            return component;
        }

        public T GetComponent<T>()
        {
            foreach (var component in _components)
                if (component is T && !component.Destroyed) return (T)(object)component;
            return default(T);
        }

        public T[] GetComponentsInChildren<T>() => GetComponentsInChildren<T>(false);

        public T[] GetComponentsInChildren<T>(bool includeInactive)
        {
            var found = new List<T>();
            Gather(found, includeInactive);
            return found.ToArray();
        }

        void Gather<T>(List<T> into, bool includeInactive)
        {
            if (!includeInactive && !activeInHierarchy) return;
            foreach (var component in _components)
                if (component is T && !component.Destroyed) into.Add((T)(object)component);
            foreach (var child in transform.Children) child.gameObject.Gather(into, includeInactive);
        }

        public T GetComponentInParent<T>()
        {
            for (var at = transform; at != null; at = at.parent)
            {
                var found = at.gameObject.GetComponent<T>();
                if (found != null) return found;
            }
            return default(T);
        }

        internal IEnumerable<Component> All => _components;
        internal void Forget(Component component) => _components.Remove(component);
    }

    [AttributeUsage(AttributeTargets.Class)]
    public sealed class AddComponentMenu : Attribute { public AddComponentMenu(string menuName) { } }
    [AttributeUsage(AttributeTargets.Class)]
    public sealed class DefaultExecutionOrder : Attribute
    {
        public DefaultExecutionOrder(int order) { this.order = order; }
        public int order { get; }
    }
    [AttributeUsage(AttributeTargets.Class, Inherited = false)]
    public sealed class DisallowMultipleComponent : Attribute { }
    [AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
    public sealed class RequireComponent : Attribute
    {
        public Type m_Type0;
        public RequireComponent(Type requiredComponent) { m_Type0 = requiredComponent; }
    }
    [AttributeUsage(AttributeTargets.Class, Inherited = false)]
    public sealed class CreateAssetMenuAttribute : Attribute
    {
        public string menuName { get; set; }
        public string fileName { get; set; }
        public int order { get; set; }
    }
    [AttributeUsage(AttributeTargets.Field)]
    public sealed class SerializeField : Attribute { }
    [AttributeUsage(AttributeTargets.Field, Inherited = true)]
    public abstract class PropertyAttribute : Attribute { }
    public class TooltipAttribute : PropertyAttribute { public TooltipAttribute(string tooltip) { } }
    public class HeaderAttribute : PropertyAttribute { public HeaderAttribute(string header) { } }
    public sealed class RangeAttribute : PropertyAttribute { public RangeAttribute(float min, float max) { } }
}
