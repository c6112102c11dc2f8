using UnityEngine;

namespace Facecue.Samples
{
    /// <summary>
    /// Everything that a face needs, made by a script: head, receiver, director with buttons, camera and light. Run
    /// `facecue demo --control osc://127.0.0.1:39550` and press Play.
    /// </summary>
    public sealed class TalkingHead : MonoBehaviour
    {
        [SerializeField] TextAsset _head = null;
        [SerializeField] Material _material = null;
        [SerializeField] string _host = "127.0.0.1";
        [SerializeField] int _port = 5556;
        [SerializeField] string _actor = "face";
        [SerializeField] int _controlPort = 39550;
        [SerializeField, Tooltip("The eyes are asked to look into the camera.")] bool _looksAtCamera = false;

        void Awake()
        {
            Application.runInBackground = true; // a live face goes on while another window is in front
            AddLight("Key", Quaternion.Euler(35, 205, 0), 1.1f, new Color(1, 0.96f, 0.9f));
            AddLight("Fill", Quaternion.Euler(10, 140, 0), 0.5f, new Color(0.75f, 0.85f, 1));
            var camera = AddCamera();

            // inactive until it is set up: OnEnable opens the connection
            var actor = new GameObject("Actor");
            actor.SetActive(false);
            actor.transform.SetParent(transform, false);
            var receiver = actor.AddComponent<FaceReceiver>();
            receiver.Host = _host;
            receiver.Port = _port;
            receiver.Actor = _actor;
            var head = actor.AddComponent<FaceHead>();
            head.File = _head;
            head.Material = _material;
            head.Receiver = receiver;
            var director = actor.AddComponent<FaceDirector>();
            director.Port = _controlPort;
            director.Receiver = receiver;
            var panel = actor.AddComponent<DirectorPanel>();
            panel.Director = director;
            panel.Receiver = receiver;
            actor.SetActive(true);

            director.Head = head.HeadAndEyes;
            if (_looksAtCamera) director.GazeTarget = camera.transform;
            receiver.EmotionChanged.AddListener(emotion => Debug.Log(_actor + " is " + emotion));
        }

        Camera AddCamera()
        {
            var camera = new GameObject("Camera").AddComponent<Camera>();
            camera.transform.SetParent(transform, false);
            camera.transform.localPosition = new Vector3(0, 0, 0.75f);
            camera.transform.localRotation = Quaternion.Euler(0, 180, 0); // faces look along +Z
            camera.fieldOfView = 30;
            camera.nearClipPlane = 0.05f;
            camera.clearFlags = CameraClearFlags.SolidColor;
            camera.backgroundColor = new Color(0.16f, 0.18f, 0.22f);
            return camera;
        }

        void AddLight(string title, Quaternion turned, float intensity, Color colour)
        {
            var made = new GameObject(title).AddComponent<Light>();
            made.transform.SetParent(transform, false);
            made.transform.localRotation = turned;
            made.type = LightType.Directional;
            made.intensity = intensity;
            made.color = colour;
        }
    }
}
