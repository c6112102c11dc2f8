using System;
using System.Collections.Generic;
using Facecue.Wire;
using NUnit.Framework;
using UnityEngine;
using Object = UnityEngine.Object;

namespace Facecue.Tests
{
    /// <summary>Frames that a test hands over, in place of a network.</summary>
    sealed class HandSource : IFaceSource
    {
        readonly Queue<FaceFrame> _waiting = new Queue<FaceFrame>();

        public LinkState State { get; set; } = LinkState.Receiving;
        public string Detail => "by hand";
        public long Received { get; private set; }
        public long Rejected => 0;
        public long Dropped => 0;
        public bool Disposed { get; private set; }

        public void Give(FaceFrame frame)
        {
            _waiting.Enqueue(frame);
            Received++;
        }

        public bool TryTake(FaceFrame into)
        {
            if (_waiting.Count == 0) return false;
            into.CopyFrom(_waiting.Dequeue());
            return true;
        }

        public void Dispose() => Disposed = true;
    }

    static class Scene
    {
        public static SkinnedMeshRenderer Face(Transform parent, params string[] shapes)
        {
            var mesh = new Mesh { vertices = new Vector3[1] };
            foreach (var shape in shapes) mesh.AddBlendShapeFrame(shape, 100, new Vector3[1], null, null);
            var made = new GameObject("Face");
            made.transform.SetParent(parent, false);
            var renderer = made.AddComponent<SkinnedMeshRenderer>();
            renderer.sharedMesh = mesh;
            return renderer;
        }

        public static Transform Bone(string name, Transform parent, Vector3 at, Quaternion turned)
        {
            var bone = new GameObject(name).transform;
            bone.SetParent(parent, false);
            bone.localPosition = at;
            bone.localRotation = turned;
            return bone;
        }

        public static FaceFrame Frame(long number)
            => new FaceFrame { Number = number, TimeS = (number + 0.5) / 50, ArrivalS = 10 + number / 50.0 };
    }

    public sealed class FaceRigTests
    {
        [Test]
        public void WeightsReachTheShapesInHundredths()
        {
            var body = new GameObject("body");
            var face = Scene.Face(body.transform, "Brow", "Face.JawOpen", "mouthClose");
            face.SetBlendShapeWeight(2, 7);
            var rig = body.AddComponent<FaceRig>();
            rig.Bind();
            var frame = new FaceFrame();
            frame.Arkit[FaceNames.IndexOfArkit("jawOpen")] = 0.6f;
            rig.Apply(frame);
            Assert.AreEqual(60, face.GetBlendShapeWeight(1), 1e-4f);
            Assert.AreEqual(0, face.GetBlendShapeWeight(0));
            Assert.AreEqual(7, face.GetBlendShapeWeight(2), 1e-4f); // the pose of rest is kept
            rig.Gain = 0.5f;
            rig.Apply(frame);
            Assert.AreEqual(30, face.GetBlendShapeWeight(1), 1e-4f);
            rig.Release();
            Assert.AreEqual(0, face.GetBlendShapeWeight(1));
            Assert.AreEqual(7, face.GetBlendShapeWeight(2));
            Object.DestroyImmediate(body);
        }

        [Test]
        public void ShapesThatMakeTheEyesLookCanBeLeftOut()
        {
            var body = new GameObject("body");
            var face = Scene.Face(body.transform, "eyeLookUpLeft", "jawOpen");
            var rig = body.AddComponent<FaceRig>();
            rig.Bind();
            rig.LookShapes = false;
            var frame = new FaceFrame();
            frame.Arkit[FaceNames.IndexOfArkit("eyeLookUpLeft")] = 1;
            frame.Arkit[FaceNames.IndexOfArkit("jawOpen")] = 1;
            rig.Apply(frame);
            Assert.AreEqual(0, face.GetBlendShapeWeight(0));
            Assert.AreEqual(100, face.GetBlendShapeWeight(1), 1e-4f);
            Object.DestroyImmediate(body);
        }

        [Test]
        public void AMeshThatGoesWhileItPlaysDoesNoHarm()
        {
            var body = new GameObject("body");
            var face = Scene.Face(body.transform, "jawOpen");
            var rig = body.AddComponent<FaceRig>();
            rig.Bind();
            Object.DestroyImmediate(face.gameObject);
            rig.Apply(new FaceFrame());
            Object.DestroyImmediate(body);
        }
    }

    public sealed class HeadAndEyesTests
    {
        GameObject _body;
        HeadAndEyes _mover;
        Transform _neck, _head, _left, _right;

        // bones lie as a rig's do: none along the character's axes, the character itself turned and enlarged
        [SetUp]
        public void SetUp()
        {
            _body = new GameObject("body");
            _body.transform.position = new Vector3(3, 1, -2);
            _body.transform.rotation = Quaternion.AngleAxis(130, Vector3.up);
            _body.transform.localScale = new Vector3(2, 2, 2);
            _neck = Scene.Bone("neck", _body.transform, new Vector3(0, 1.4f, 0), Quaternion.Euler(20, 90, -90));
            _head = Scene.Bone("head", _neck, new Vector3(0.1f, 0, 0), Quaternion.Euler(-35, 10, 15));
            _left = Scene.Bone("left", _head, new Vector3(0.05f, 0.06f, -0.03f), Quaternion.Euler(70, -20, 5));
            _right = Scene.Bone("right", _head, new Vector3(0.05f, 0.06f, 0.03f), Quaternion.Euler(0, 100, 5));
            _mover = _body.AddComponent<HeadAndEyes>();
            _mover.Head = _head;
            _mover.Neck = _neck;
            _mover.LeftEye = _left;
            _mover.RightEye = _right;
            _mover.Bind();
        }

        [TearDown]
        public void TearDown() => Object.DestroyImmediate(_body);

        // a direction that stands out of a bone at rest, in the character's axes, as the bone has turned it
        static Func<Vector3> Watch(Transform bone, Transform character, Vector3 direction)
        {
            var inBone = Quaternion.Inverse(bone.rotation) * (character.rotation * direction);
            return () => Quaternion.Inverse(character.rotation) * (bone.rotation * inBone);
        }

        // head frame: about y is to the subject's left
        static FaceFrame Turned(float degrees, float x, float y, float z)
        {
            var frame = new FaceFrame();
            var turn = Quaternion.AngleAxis(degrees, new Vector3(x, y, z));
            frame.HeadRotation[0] = turn.x;
            frame.HeadRotation[1] = turn.y;
            frame.HeadRotation[2] = turn.z;
            frame.HeadRotation[3] = turn.w;
            return frame;
        }

        static void Near(Vector3 expected, Vector3 actual)
            => Assert.Less(Vector3.Distance(expected, actual), 1e-3f, expected + " is not " + actual);

        [Test]
        public void TurnedLeftIsTowardsTheSubjectsLeft()
        {
            var face = Watch(_head, _body.transform, Vector3.forward);
            _mover.Apply(Turned(30, 0, 1, 0));
            // the subject's left is -X in Unity
            Near(new Vector3(-0.5f, 0, 0.8660254f), face());
        }

        [Test]
        public void NodAndTiltGoTheirWay()
        {
            var face = Watch(_head, _body.transform, Vector3.forward);
            _mover.Apply(Turned(20, 1, 0, 0)); // about +x of the head frame the face sinks
            Near(new Vector3(0, -Mathf.Sin(20 * Mathf.Deg2Rad), Mathf.Cos(20 * Mathf.Deg2Rad)), face());
            var crown = Watch(_head, _body.transform, Vector3.up);
            _mover.Release();
            _mover.Bind();
            crown = Watch(_head, _body.transform, Vector3.up);
            _mover.Apply(Turned(20, 0, 0, 1)); // left side up: the crown goes to the right
            Near(new Vector3(Mathf.Sin(20 * Mathf.Deg2Rad), Mathf.Cos(20 * Mathf.Deg2Rad), 0), crown());
        }

        [Test]
        public void NeckTakesItsShareAndBothMakeTheWhole()
        {
            var neck = Watch(_neck, _body.transform, Vector3.forward);
            var head = Watch(_head, _body.transform, Vector3.forward);
            _mover.NeckShare = 0.4f;
            _mover.Apply(Turned(30, 0, 1, 0));
            Near(new Vector3(-Mathf.Sin(12 * Mathf.Deg2Rad), 0, Mathf.Cos(12 * Mathf.Deg2Rad)), neck());
            Near(new Vector3(-0.5f, 0, 0.8660254f), head());
        }

        [Test]
        public void TheHeadTurnsNoFurtherThanItsLimit()
        {
            var face = Watch(_head, _body.transform, Vector3.forward);
            _mover.HeadLimit = 30;
            _mover.Apply(Turned(80, 0, 1, 0));
            Near(new Vector3(-0.5f, 0, 0.8660254f), face());
        }

        [Test]
        public void EyesLookWhereTheGazeSaysAndStopAtTheirLimit()
        {
            var left = Watch(_left, _body.transform, Vector3.forward);
            var right = Watch(_right, _body.transform, Vector3.forward);
            var frame = new FaceFrame();
            frame.Gaze[0] = 10 * Mathf.Deg2Rad; // right eye to the left
            frame.Gaze[3] = 15 * Mathf.Deg2Rad; // left eye up
            _mover.Apply(frame);
            Near(new Vector3(-Mathf.Sin(10 * Mathf.Deg2Rad), 0, Mathf.Cos(10 * Mathf.Deg2Rad)), right());
            Near(new Vector3(0, Mathf.Sin(15 * Mathf.Deg2Rad), Mathf.Cos(15 * Mathf.Deg2Rad)), left());
            frame.Gaze[0] = 3;
            _mover.EyeYawLimit = 25;
            _mover.Apply(frame);
            Near(new Vector3(-Mathf.Sin(25 * Mathf.Deg2Rad), 0, Mathf.Cos(25 * Mathf.Deg2Rad)), right());
        }

        [Test]
        public void TheShiftIsMetresOfTheCharacter()
        {
            var at = _body.transform.InverseTransformPoint(_head.position);
            var frame = new FaceFrame();
            frame.HeadTranslation[0] = 2; // cm to the subject's left
            frame.HeadTranslation[1] = 1;
            _mover.Apply(frame);
            Near(at + new Vector3(-0.02f, 0.01f, 0), _body.transform.InverseTransformPoint(_head.position));
            _mover.Apply(frame);
            Near(at + new Vector3(-0.02f, 0.01f, 0), _body.transform.InverseTransformPoint(_head.position));
        }

        [Test]
        public void ReleaseGivesThePoseOfRestBack()
        {
            Quaternion head = _head.localRotation, neck = _neck.localRotation, eye = _left.localRotation;
            var frame = Turned(25, 0.6f, 0.8f, 0);
            frame.Gaze[2] = frame.HeadTranslation[2] = 0.3f;
            _mover.Apply(frame);
            _mover.Release();
            Assert.Less(Quaternion.Angle(head, _head.localRotation), 0.1f);
            Assert.Less(Quaternion.Angle(neck, _neck.localRotation), 0.1f);
            Assert.Less(Quaternion.Angle(eye, _left.localRotation), 0.1f);
            Near(new Vector3(0.1f, 0, 0), _head.localPosition);
        }

        [Test]
        public void OnTopTurnsFromWhereAnAnimationPutsTheHead()
        {
            _mover.OnTop = true;
            var nodding = _head.localRotation * Quaternion.Euler(0, 0, 20);
            _head.localRotation = nodding;
            var face = Watch(_head, _body.transform, Vector3.forward);
            _mover.Apply(Turned(30, 0, 1, 0));
            Near(new Vector3(-0.5f, 0, 0.8660254f), face());
        }

        [Test]
        public void APlaceIsSeenFromTheRestingEyes()
        {
            var middle = (_left.position + _right.position) / 2;
            Near(Vector3.zero, _mover.SeenFromEyes(middle));
            _mover.Apply(Turned(30, 0, 1, 0));
            // one metre of the character, which is two of the world
            var ahead = middle + _body.transform.rotation * new Vector3(0, 0, 2);
            Near(new Vector3(0, 0, 1), _mover.SeenFromEyes(ahead));
        }
    }

    public sealed class FaceReceiverTests
    {
        GameObject _object;
        FaceReceiver _receiver;
        HandSource _source;

        [SetUp]
        public void SetUp()
        {
            _object = new GameObject("receiver");
            _object.SetActive(false); // opens no port of its own
            _receiver = _object.AddComponent<FaceReceiver>();
            _source = new HandSource();
            _receiver.Open(_source);
        }

        [TearDown]
        public void TearDown() => Object.DestroyImmediate(_object);

        static FaceFrame Open(long number, float weight)
        {
            var frame = Scene.Frame(number);
            frame.Arkit[FaceNames.IndexOfArkit("jawOpen")] = weight;
            return frame;
        }

        [Test]
        public void FramesPlayAndWhatStopsGoesToRest()
        {
            int found = 0, lost = 0;
            _receiver.StreamFound.AddListener(() => found++);
            _receiver.StreamLost.AddListener(() => lost++);
            var n = 0;
            for (; n < 100; n++)
            {
                _source.Give(Open(n, 0.5f));
                _receiver.Step(10 + n / 50.0);
            }
            Assert.AreEqual(1, found);
            Assert.IsTrue(_receiver.IsLive);
            Assert.AreEqual(0.5f, _receiver.Frame.Arkit[FaceNames.IndexOfArkit("jawOpen")], 1e-5f);
            for (; n < 400; n++) _receiver.Step(10 + n / 50.0);
            Assert.AreEqual(1, lost);
            Assert.IsFalse(_receiver.IsLive);
            Assert.AreEqual(0, _receiver.Frame.Arkit[FaceNames.IndexOfArkit("jawOpen")], 1e-5f);
            Assert.AreEqual("neutral", _receiver.Emotion);
        }

        [Test]
        public void TheFaceFollowsAVoiceThatPlaysHere()
        {
            var voice = _object.AddComponent<AudioSource>();
            voice.clip = AudioClip.Create("voice", 48000, 1, 16000, false);
            _receiver.Voice = voice;
            _receiver.VoiceStartS = 0.5f;
            _object.SetActive(true);
            for (var n = 0; n < 100; n++) _source.Give(Open(n, n / 100f));
            voice.Play();
            voice.timeSamples = 8000; // 0.5 s of the clip: 1.0 s of the stream
            for (var nowS = 12.0; nowS < 12.6; nowS += 0.02) _receiver.Step(nowS); // the face goes there from rest
            // frame n lies at (n + 0.5) / 50
            Assert.AreEqual(0.495f, _receiver.Frame.Arkit[FaceNames.IndexOfArkit("jawOpen")], 0.02f); // an engine's sound runs on
        }

        [Test]
        public void AMoodIsToldOnceWhenItComesAndOnceWhenItGoes()
        {
            var told = new List<string>();
            _receiver.EmotionChanged.AddListener(told.Add);
            for (var n = 0; n < 300; n++)
            {
                var frame = Scene.Frame(n);
                var happy = n > 100 && n < 200 ? n % 7 == 0 ? 0.45f : 0.9f : 0f; // it wavers
                frame.Emotion[4] = happy;
                frame.Emotion[5] = 1 - happy;
                _source.Give(frame);
                _receiver.Step(10 + n / 50.0);
            }
            Assert.AreEqual(new[] { "happy", "neutral" }, told.ToArray());
        }

        [Test]
        public void ASourceIsDisposedWithItsReceiver()
        {
            var other = new HandSource();
            _receiver.Open(other);
            Assert.IsTrue(_source.Disposed);
            _object.SetActive(true);
            Assert.IsFalse(other.Disposed);
            _object.SetActive(false);
            Assert.IsTrue(other.Disposed);
        }
    }
}
