using System;
using System.Collections.Generic;
using System.Reflection;

namespace UnityEngine
{
    /// <summary>The player loop of the tests, which is no part of Unity: objects live, frames are stepped by hand.</summary>
    public static class Player
    {
        internal static readonly List<GameObject> Objects = new List<GameObject>();
        internal static readonly List<Component> Components = new List<Component>();
        static readonly HashSet<Component> _awake = new HashSet<Component>();
        static readonly HashSet<Component> _on = new HashSet<Component>();
        static readonly HashSet<Component> _started = new HashSet<Component>();
        static readonly List<Object> _doomed = new List<Object>();
        static readonly Dictionary<string, Action<object>> _calls = new Dictionary<string, Action<object>>();

        /// <summary>What was logged as an error or an exception since the last Clear.</summary>
        public static readonly List<string> Errors = new List<string>();

        /// <summary>Destroys everything, and begins at time 0.</summary>
        public static void Clear()
        {
            foreach (var one in Objects.ToArray()) DestroyNow(one);
            Objects.Clear();
            Components.Clear();
            _awake.Clear();
            _on.Clear();
            _started.Clear();
            _doomed.Clear();
            Errors.Clear();
            Time.unscaledTime = Time.time = 0;
            Time.frameCount = 0;
        }

        /// <summary>One picture, `deltaTime` seconds after the last.</summary>
        public static void Step(float deltaTime)
        {
            Time.deltaTime = deltaTime;
            Time.time += deltaTime;
            Time.unscaledTime += deltaTime;
            Time.frameCount++;
            foreach (var component in Components.ToArray())
                if (_on.Contains(component) && _started.Add(component)) Call(component, "Start");
            foreach (var component in Ordered()) if (_on.Contains(component)) Call(component, "Update");
            foreach (var component in Ordered()) if (_on.Contains(component)) Call(component, "LateUpdate");
            foreach (var component in Ordered()) if (_on.Contains(component)) Call(component, "OnGUI");
            foreach (var one in _doomed.ToArray()) DestroyNow(one);
            _doomed.Clear();
        }

        static List<Component> Ordered()
        {
            var ordered = new List<Component>(Components);
            for (var i = 1; i < ordered.Count; i++)
                for (var j = i; j > 0 && OrderOf(ordered[j]) < OrderOf(ordered[j - 1]); j--)
                { var other = ordered[j]; ordered[j] = ordered[j - 1]; ordered[j - 1] = other; }
            return ordered;
        }

        static int OrderOf(Component component)
        {
            var order = (DefaultExecutionOrder)Attribute.GetCustomAttribute(component.GetType(), typeof(DefaultExecutionOrder));
            return order == null ? 0 : order.order;
        }

        internal static void Begin(Component component)
        {
            Components.Add(component);
            var behaviour = component as Behaviour;
            if (behaviour != null) Refresh(behaviour);
        }

        internal static void Refresh(Behaviour behaviour)
        {
            if (!Application.isPlaying || !(behaviour is MonoBehaviour)) return;
            if (behaviour.gameObject.activeInHierarchy && _awake.Add(behaviour)) Call(behaviour, "Awake");
            if (behaviour.isActiveAndEnabled && _on.Add(behaviour)) Call(behaviour, "OnEnable");
            else if (!behaviour.isActiveAndEnabled && _on.Remove(behaviour)) Call(behaviour, "OnDisable");
        }

        /// <summary>Calls a message of Unity's; what it throws is logged, as Unity does.</summary>
        public static void Call(Component component, string message)
        {
            var type = component.GetType();
            var method = type.GetMethod(message, BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public,
                                        null, Type.EmptyTypes, null);
            if (method == null) return;
            // a delegate: reflection would allocate, and tests count
            var key = type.FullName + "." + message;
            Action<object> call;
            if (!_calls.TryGetValue(key, out call))
            {
                var make = typeof(Player).GetMethod("Make", BindingFlags.Static | BindingFlags.NonPublic);
                _calls[key] = call = (Action<object>)make.MakeGenericMethod(type).Invoke(null, new object[] { method });
            }
            try { call(component); }
            catch (Exception error) { Debug.LogException(error, component); }
        }

        static Action<object> Make<T>(MethodInfo method)
        {
            var typed = (Action<T>)Delegate.CreateDelegate(typeof(Action<T>), method);
            return target => typed((T)target);
        }

        internal static void DestroyLater(Object one) { if (one != null) _doomed.Add(one); }

        internal static void DestroyNow(Object one)
        {
            if (ReferenceEquals(one, null) || one.Destroyed) return;
            var whole = one as GameObject;
            if (!ReferenceEquals(whole, null))
            {
                foreach (var child in whole.transform.Children.ToArray()) DestroyNow(child.gameObject);
                foreach (var part in new List<Component>(whole.All)) DestroyNow(part);
                whole.transform.SetParent(null);
                Objects.Remove(whole);
            }
            var component = one as Component;
            if (!ReferenceEquals(component, null))
            {
                if (_on.Remove(component)) Call(component, "OnDisable");
                if (_awake.Remove(component)) Call(component, "OnDestroy");
                Components.Remove(component);
                if (!(component is Transform)) component.gameObject.Forget(component);
            }
            one.Destroyed = true;
        }
    }

    public static class Application
    {
        public static bool isPlaying { get; set; } = true;
        public static bool runInBackground { get; set; }
        public static int targetFrameRate { get; set; }
    }

    public static class Time
    {
        public static float time { get; internal set; }
        public static float unscaledTime { get; internal set; }
        public static float deltaTime { get; internal set; }
        public static int frameCount { get; internal set; }
    }

    public static class Screen
    {
        public static int width => 1280;
        public static int height => 720;
    }

    public static class Debug
    {
        public static void Log(object message) { }
        public static void Log(object message, Object context) { }
        public static void LogWarning(object message) { }
        public static void LogWarning(object message, Object context) { }
        public static void LogError(object message) => Player.Errors.Add(message.ToString());
        public static void LogError(object message, Object context) => Player.Errors.Add(message.ToString());
        public static void LogException(Exception exception, Object context) => Player.Errors.Add(exception.ToString());
    }
}

namespace UnityEngine.Events
{
    public delegate void UnityAction();
    public delegate void UnityAction<T0>(T0 arg0);

    public class UnityEvent
    {
        UnityAction _calls;
        public void AddListener(UnityAction call) => _calls += call;
        public void RemoveListener(UnityAction call) => _calls -= call;
        public void Invoke() { if (_calls != null) _calls(); }
    }

    public class UnityEvent<T0>
    {
        UnityAction<T0> _calls;
        public void AddListener(UnityAction<T0> call) => _calls += call;
        public void RemoveListener(UnityAction<T0> call) => _calls -= call;
        public void Invoke(T0 arg0) { if (_calls != null) _calls(arg0); }
    }
}
