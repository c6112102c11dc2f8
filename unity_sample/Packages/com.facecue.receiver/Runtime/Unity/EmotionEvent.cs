using System;
using UnityEngine.Events;

namespace Facecue
{
    /// <summary>An event with the name of an emotion.</summary>
    [Serializable]
    public sealed class EmotionEvent : UnityEvent<string> { }
}
