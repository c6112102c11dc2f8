using System;
using Facecue;
using UnityEngine;

/// <summary>The demo of this project: a head for each actor, side by side, a camera that sees them all, and light.</summary>
public sealed class Stage : MonoBehaviour
{
    /// <summary>An actor and where its bridge is. Two bridges on one machine have two ports.</summary>
    [Serializable]
    public sealed class Seat
    {
        public string Actor = "face";
        public FaceProtocol Protocol = FaceProtocol.ZeroMQ;
        public int Port = 5556;
        public int ControlPort = 39550;
    }

    [SerializeField] TextAsset _head = null;
    [SerializeField] Material _material = null;
    [SerializeField] Seat[] _seats = { new Seat() };

    const float Apart = 0.42f; // metres from one head to the next

    public Seat[] Seats { get => _seats; set => _seats = value; }
    public TextAsset Head { get => _head; set => _head = value; }

    void Awake()
    {
        Application.runInBackground = true; // a live face goes on while another window is in front
        AddLight("Key", Quaternion.Euler(35, 205, 0), 1.1f, new Color(1, 0.96f, 0.9f));
        AddLight("Fill", Quaternion.Euler(10, 140, 0), 0.5f, new Color(0.75f, 0.85f, 1));
        AddCamera();
        for (var i = 0; i < _seats.Length; i++) AddActor(_seats[i], i);
    }

    // the first to the viewer's left, which is +X for a camera that looks back at the faces
    void AddActor(Seat seat, int place)
    {
        var actor = new GameObject(seat.Actor);
        actor.SetActive(false); // until it is set up: OnEnable opens the connection
        actor.transform.SetParent(transform, false);
        actor.transform.localPosition = new Vector3(((_seats.Length - 1) / 2f - place) * Apart, 0, 0);
        var receiver = actor.AddComponent<FaceReceiver>();
        receiver.Protocol = seat.Protocol;
        receiver.Port = seat.Port;
        receiver.Actor = seat.Actor;
        var head = actor.AddComponent<FaceHead>();
        head.File = _head;
        head.Material = _material;
        head.Receiver = receiver;
        var director = actor.AddComponent<FaceDirector>();
        director.Port = seat.ControlPort;
        director.Receiver = receiver;
        if (place == 0)
        {
            var panel = actor.AddComponent<DirectorPanel>();
            panel.Director = director;
            panel.Receiver = receiver;
        }
        actor.SetActive(true);
        director.Head = head.HeadAndEyes;
    }

    void AddCamera()
    {
        var camera = new GameObject("Camera").AddComponent<Camera>();
        camera.transform.SetParent(transform, false);
        camera.transform.localPosition = new Vector3(0, 0, 0.45f + 0.3f * _seats.Length);
        camera.transform.localRotation = Quaternion.Euler(0, 180, 0); // faces look along +Z
        camera.fieldOfView = 30;
        camera.nearClipPlane = 0.05f;
        camera.clearFlags = CameraClearFlags.SolidColor;
        camera.backgroundColor = new Color(0.16f, 0.18f, 0.22f);
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
