// Two actors in one scene, each by its own wire, and a director: what a game has, without a window. It reads orders from
// standard input and answers in lines; a thread of its own plays 100 pictures a second.
using System;
using System.Collections.Generic;
using System.Globalization;
using System.Threading;
using Facecue;
using Facecue.Wire;
using UnityEngine;

static class Puppet
{
    static readonly Dictionary<string, FaceReceiver> _receivers = new Dictionary<string, FaceReceiver>();
    static readonly Dictionary<string, SkinnedMeshRenderer> _faces = new Dictionary<string, SkinnedMeshRenderer>();
    static readonly Dictionary<string, HeadAndEyes> _heads = new Dictionary<string, HeadAndEyes>();
    static readonly Queue<string> _orders = new Queue<string>();
    static FaceDirector _director;
    static Transform _target;

    static int Main(string[] arguments)
    {
        CultureInfo.DefaultThreadCurrentCulture = CultureInfo.InvariantCulture;
        CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
        Add("anna", FaceProtocol.ZeroMQ, int.Parse(arguments[0]));
        Add("ben", FaceProtocol.Osc, int.Parse(arguments[1]));
        Direct(int.Parse(arguments[2]), _receivers["anna"], _heads["anna"]);
        var reader = new Thread(Read) { IsBackground = true };
        reader.Start();
        Console.WriteLine("ready");
        while (true)
        {
            Player.Step(0.01f);
            Thread.Sleep(10);
            lock (_orders)
                while (_orders.Count > 0)
                    if (!Obey(_orders.Dequeue().Split(' '))) return Player.Errors.Count;
        }
    }

    static void Read()
    {
        string line;
        while ((line = Console.ReadLine()) != null) lock (_orders) _orders.Enqueue(line);
        lock (_orders) _orders.Enqueue("quit");
    }

    static void Add(string name, FaceProtocol protocol, int port)
    {
        var body = new GameObject(name);
        body.SetActive(false);
        var mesh = new Mesh { vertices = new Vector3[1] };
        foreach (var shape in FaceNames.Arkit) mesh.AddBlendShapeFrame("Head." + shape, 100, new Vector3[1], null, null);
        var face = body.AddComponent<SkinnedMeshRenderer>();
        face.sharedMesh = mesh;
        var receiver = body.AddComponent<FaceReceiver>();
        receiver.Protocol = protocol;
        receiver.Port = port;
        receiver.Actor = name;
        receiver.EmotionChanged.AddListener(emotion => Console.WriteLine("mood " + name + " " + emotion));
        body.AddComponent<FaceRig>().Receiver = receiver;
        var head = body.AddComponent<HeadAndEyes>();
        head.Receiver = receiver;
        head.Head = Bone("head", body.transform, new Vector3(0, 1.5f, 0));
        head.LeftEye = Bone("left", head.Head, new Vector3(-0.03f, 0.05f, 0.08f));
        head.RightEye = Bone("right", head.Head, new Vector3(0.03f, 0.05f, 0.08f));
        _receivers[name] = receiver;
        _faces[name] = face;
        _heads[name] = head;
        body.SetActive(true);
    }

    static Transform Bone(string name, Transform parent, Vector3 at)
    {
        var bone = new GameObject(name).transform;
        bone.SetParent(parent, false);
        bone.localPosition = at;
        return bone;
    }

    static void Direct(int port, FaceReceiver receiver, HeadAndEyes head)
    {
        var made = new GameObject("director");
        made.SetActive(false);
        _director = made.AddComponent<FaceDirector>();
        _director.Port = port;
        _director.Receiver = receiver;
        _director.Head = head;
        made.SetActive(true);
        _target = new GameObject("target").transform;
    }

    static bool Obey(string[] order)
    {
        switch (order[0])
        {
            case "emotion": _director.SetEmotion(order[1]); break;
            case "set": _director.Set(order[1], Number(order[2])); break;
            case "look":
                _target.position = new Vector3(Number(order[1]), Number(order[2]), Number(order[3]));
                _director.GazeTarget = _target;
                break;
            case "away": _director.GazeTarget = null; break;
            case "show": Show(order[1]); break;
            case "quit": return false;
        }
        return true;
    }

    static float Number(string text) => float.Parse(text, CultureInfo.InvariantCulture);

    // state, number of the frame, weights, then where head, left and right eye look to
    static void Show(string name)
    {
        var receiver = _receivers[name];
        var words = new List<string> { "face", name, receiver.State.ToString(), receiver.IsLive.ToString(),
                                       receiver.Frame.Number.ToString(), receiver.FramesPerSecond.ToString("R"),
                                       receiver.Rejected.ToString() };
        for (var i = 0; i < 52; i++) words.Add(_faces[name].GetBlendShapeWeight(i).ToString("R"));
        foreach (var bone in new[] { _heads[name].Head, _heads[name].LeftEye, _heads[name].RightEye })
            foreach (var value in new[] { bone.localRotation.x, bone.localRotation.y, bone.localRotation.z, bone.localRotation.w })
                words.Add(value.ToString("R"));
        Console.WriteLine(string.Join(" ", words.ToArray()));
    }
}
