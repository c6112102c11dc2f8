using Facecue.Wire;
using UnityEngine;

namespace Facecue
{
    /// <summary>Buttons on the screen for a director, and one line on how the receiver fares. For trying out.</summary>
    [AddComponentMenu("facecue/Director Panel")]
    public sealed class DirectorPanel : MonoBehaviour
    {
        [SerializeField] FaceDirector _director = null;
        [SerializeField] FaceReceiver _receiver = null;

        public FaceDirector Director { get => _director; set => _director = value; }
        public FaceReceiver Receiver { get => _receiver; set => _receiver = value; }

        const float Width = 240;

        float _intensity = 1;
        string _asked = "auto";

        void OnGUI()
        {
            GUILayout.BeginArea(new Rect(10, 10, Width, Screen.height - 20));
            if (_receiver != null) GUILayout.Label(StatusOf(_receiver));
            if (_director != null) Buttons();
            GUILayout.EndArea();
        }

        void Buttons()
        {
            Button("auto");
            foreach (var emotion in FaceNames.Emotions) Button(emotion);
            GUILayout.Label("intensity " + _intensity.ToString("0.0"));
            var intensity = GUILayout.HorizontalSlider(_intensity, 0, FaceDirector.MostIntensity);
            if (!Mathf.Approximately(intensity, _intensity)) _director.SetIntensity(_intensity = intensity);
            if (_director.Problem != null) GUILayout.Label(_director.Problem);
        }

        void Button(string emotion)
        {
            if (!GUILayout.Button(emotion == _asked ? "> " + emotion : emotion)) return;
            _asked = emotion;
            _director.SetEmotion(emotion);
        }

        static string StatusOf(FaceReceiver receiver)
          => receiver.IsLive
              ? receiver.Actor + ": " + receiver.FramesPerSecond.ToString("0") + " frames/s, "
                + (receiver.LatencyS * 1000).ToString("0") + " ms, " + receiver.Emotion
              : receiver.Actor + ": " + receiver.State + ". " + receiver.Detail;
    }
}
