// The components as a player runs them: Awake to OnDestroy, Update to LateUpdate, in the stub's player loop.
using System;
using System.Collections.Generic;
using Facecue.Editor;
using Facecue.Mapping;
using Facecue.Wire;
using NUnit.Framework;
using UnityEditor;
using UnityEngine;
using Object = UnityEngine.Object;

namespace Facecue.Tests
{
    public sealed class PlayerTests
    {
        static readonly int JawOpen = FaceNames.IndexOfArkit("jawOpen");

        sealed class Actor
        {
            public readonly HandSource Source = new HandSource();
            public readonly GameObject Body;
            public readonly FaceReceiver Receiver;
            public readonly FaceRig Rig;
            public readonly SkinnedMeshRenderer Face;
            long _number;

            public Actor(string name)
            {
                Body = new GameObject(name);
                Face = Scene.Face(Body.transform, FaceNames.Arkit);
                Body.SetActive(false);
                Receiver = Body.AddComponent<FaceReceiver>();
                Receiver.Open(Source);
                Rig = Body.AddComponent<FaceRig>();
                Rig.Receiver = Receiver;
                Body.SetActive(true);
            }

            public void Give(float jaw)
            {
                var nowS = FaceClock.NowS;
                var frame = new FaceFrame { Number = _number, TimeS = (_number + 0.5) / 50, ArrivalS = nowS };
                _number++;
                frame.Arkit[JawOpen] = jaw;
                Source.Give(frame);
            }
        }

        [SetUp]
        public void SetUp() => Player.Clear();

        [TearDown]
        public void TearDown() => Assert.AreEqual(new string[0], Player.Errors.ToArray());

        // pictures at 50 Hz of the real clock, a frame with each
        static void Play(double seconds, Action each)
        {
            var endS = FaceClock.NowS + seconds;
            while (FaceClock.NowS < endS)
            {
                each();
                Player.Step(0.02f);
                System.Threading.Thread.Sleep(20);
            }
        }

        [Test]
        public void TwoActorsOfOneSceneMoveEachTheirOwnFaceAndRestAlone()
        {
            Actor anna = new Actor("anna"), ben = new Actor("ben");
            Play(0.6, () => { anna.Give(0.8f); ben.Give(0.2f); });
            Assert.AreEqual(80, anna.Face.GetBlendShapeWeight(JawOpen), 0.1f);
            Assert.AreEqual(20, ben.Face.GetBlendShapeWeight(JawOpen), 0.1f);
            Assert.IsTrue(anna.Receiver.IsLive && ben.Receiver.IsLive);
            Play(2, () => ben.Give(0.2f));
            Assert.AreEqual(0, anna.Face.GetBlendShapeWeight(JawOpen), 0.1f);
            Assert.IsFalse(anna.Receiver.IsLive);
            Assert.AreEqual(20, ben.Face.GetBlendShapeWeight(JawOpen), 0.1f);
            Assert.Greater(ben.Receiver.FramesPerSecond, 20);
        }

        [Test]
        public void APictureAllocatesNothing()
        {
            var actor = new Actor("anna");
            var head = new GameObject("head").transform;
            head.SetParent(actor.Body.transform, false);
            var mover = actor.Body.AddComponent<HeadAndEyes>();
            mover.Head = head;
            mover.LeftEye = Scene.Bone("left", head, Vector3.zero, Quaternion.identity);
            mover.Receiver = actor.Receiver;
            mover.Bind();
            Play(0.3, () => actor.Give(0.5f));
            var count = typeof(GC).GetMethod("GetAllocatedBytesForCurrentThread");
            if (count == null) Assert.Ignore("this runtime does not count allocations");
            var allocated = (Func<long>)Delegate.CreateDelegate(typeof(Func<long>), count);
            var frame = new FaceFrame();
            for (var i = 0; i < 3; i++) Pictures(actor, mover, frame);
            var before = allocated();
            for (var i = 0; i < 200; i++) Pictures(actor, mover, frame);
            Assert.AreEqual(0, allocated() - before);
        }

        static void Pictures(Actor actor, HeadAndEyes mover, FaceFrame frame)
        {
            actor.Receiver.Step(FaceClock.NowS);
            actor.Rig.Apply(actor.Receiver.Frame);
            mover.Apply(actor.Receiver.Frame);
            frame.Arkit[JawOpen] = 1 - frame.Arkit[JawOpen];
            actor.Rig.Apply(frame);
            mover.Apply(frame);
        }

        [Test]
        public void DisablingGivesTheFaceBack()
        {
            var actor = new Actor("anna");
            actor.Rig.enabled = false;
            actor.Face.SetBlendShapeWeight(FaceNames.IndexOfArkit("cheekPuff"), 12);
            actor.Rig.enabled = true;
            Play(0.4, () => actor.Give(0.8f));
            actor.Rig.enabled = false;
            Assert.AreEqual(0, actor.Face.GetBlendShapeWeight(JawOpen));
            Assert.AreEqual(12, actor.Face.GetBlendShapeWeight(FaceNames.IndexOfArkit("cheekPuff")));
            actor.Rig.enabled = true;
            Play(0.1, () => actor.Give(0.8f));
            Assert.AreEqual(80, actor.Face.GetBlendShapeWeight(JawOpen), 0.5f);
            Object.Destroy(actor.Body);
            Player.Step(0.02f);
            Assert.IsTrue(actor.Source.Disposed);
        }

        static FaceHead Head(byte[] bytes, FaceReceiver receiver)
        {
            var made = new GameObject("head");
            made.SetActive(false);
            var head = made.AddComponent<FaceHead>();
            head.File = new TextAsset(bytes) { name = "Head" };
            head.Receiver = receiver;
            made.SetActive(true);
            return head;
        }

        [Test]
        public void AHeadIsBuiltInUnitysAxes()
        {
            var head = Head(SmallHead.Bytes(), null);
            var skin = head.GetComponentsInChildren<SkinnedMeshRenderer>(true)[0];
            var mesh = skin.sharedMesh;
            Assert.AreEqual(3, mesh.vertexCount); // the eye's own corner is not in it
            Assert.Less(Vector3.Distance(new Vector3(-0.1f, 0, 0), mesh.vertices[1]), 1e-6f); // 10 cm to the subject's left
            Assert.AreEqual(new[] { 0, 2, 1 }, mesh.GetTriangles(0)); // seen from outside still
            Assert.AreEqual(1, mesh.boneWeights[0].weight0);
            Assert.AreEqual(1, mesh.boneWeights[0].boneIndex0);
            Assert.AreEqual(0.75f, mesh.boneWeights[1].weight0);
            Assert.AreEqual(0, mesh.boneWeights[1].boneIndex0);
            Assert.AreEqual(0.1f, mesh.bindposes[1].m13, 1e-6f);
            var deltas = new Vector3[3];
            mesh.GetBlendShapeFrameVertices(0, 0, deltas, null, null);
            Assert.AreEqual(-0.001f, deltas[1].x, 1e-7f);
            Assert.AreEqual(-0.02f, deltas[1].y, 1e-7f);
            Assert.Less(Vector3.Distance(new Vector3(-0.03f, 0.03f, 0.08f), head.HeadAndEyes.LeftEye.position), 1e-6f);
            Assert.Less(Vector3.Distance(new Vector3(0.03f, 0.03f, 0.08f), head.HeadAndEyes.RightEye.position), 1e-6f);
            var eye = head.HeadAndEyes.LeftEye.GetComponent<MeshFilter>().sharedMesh;
            Assert.AreEqual(3, eye.vertexCount);
            Assert.AreEqual(0.8f, skin.sharedMaterials[0].color.g, 1e-6f);
            Assert.AreEqual(1, head.Rig.Report.Found.Count);
            head.Build(); // once more takes the old one away
            Player.Step(0.02f);
            Assert.AreEqual(1, head.GetComponentsInChildren<SkinnedMeshRenderer>(true).Length);
        }

        [Test]
        public void AHeadThatIsNoneSaysSo()
        {
            Head(new byte[] { 1, 2, 3, 4, 5 }, null);
            Assert.AreEqual(1, Player.Errors.Count);
            StringAssert.Contains("does not begin with FCH1", Player.Errors[0]);
            Player.Errors.Clear();
        }

        [Test]
        public void TheHeadOfThePackageIsWholeAndMoves()
        {
            var path = Environment.GetEnvironmentVariable("FACECUE_HEAD");
            if (string.IsNullOrEmpty(path)) Assert.Ignore("no head file is named");
            var actor = new Actor("anna");
            var head = Head(System.IO.File.ReadAllBytes(path), actor.Receiver);
            Assert.AreEqual(52, head.Rig.Count, head.Rig.Report.ToString());
            Assert.AreEqual(0, head.Rig.Report.Missing.Count);
            var skin = head.GetComponentsInChildren<SkinnedMeshRenderer>(true)[0];
            var mesh = skin.sharedMesh;
            Assert.Greater(mesh.bounds.size.y, 0.2f); // metres
            Assert.Less(mesh.bounds.size.y, 0.8f);
            // it looks along +Z: the eyes are before the pivot, the left one at -X
            Transform left = head.HeadAndEyes.LeftEye, right = head.HeadAndEyes.RightEye;
            Assert.Less(left.position.x, -0.02f);
            Assert.Greater(right.position.x, 0.02f);
            Assert.Greater(left.position.z, head.HeadAndEyes.Head.position.z);
            Assert.Greater(left.GetComponent<MeshFilter>().sharedMesh.vertexCount, 50);
            FacesOutwards(mesh);
            Play(0.5, () => actor.Give(0.7f));
            Assert.AreEqual(70, skin.GetBlendShapeWeight(mesh.GetBlendShapeIndex("jawOpen")), 0.5f);
            // a jaw that opens sinks
            var deltas = new Vector3[mesh.vertexCount];
            mesh.GetBlendShapeFrameVertices(mesh.GetBlendShapeIndex("jawOpen"), 0, deltas, null, null);
            var lowest = 0f;
            foreach (var delta in deltas) lowest = Math.Min(lowest, delta.y);
            Assert.Less(lowest, -0.01f);
            // the left corner of the mouth is the subject's left: it moves at -X
            mesh.GetBlendShapeFrameVertices(mesh.GetBlendShapeIndex("mouthSmileLeft"), 0, deltas, null, null);
            var moved = 0f;
            for (var i = 0; i < deltas.Length; i++) moved += mesh.vertices[i].x * deltas[i].magnitude;
            Assert.Less(moved, 0);
        }

        // Unity's front face is clockwise: the cross product of its corners, in left-handed axes, shows outwards as normals do
        static void FacesOutwards(Mesh mesh)
        {
            Vector3[] at = mesh.vertices, normals = mesh.normals;
            int right = 0, all = 0;
            for (var part = 0; part < mesh.subMeshCount; part++)
            {
                var corners = mesh.GetTriangles(part);
                for (var i = 0; i < corners.Length; i += 3, all++)
                {
                    int a = corners[i], b = corners[i + 1], c = corners[i + 2];
                    var front = Vector3.Cross(at[b] - at[a], at[c] - at[a]);
                    if (Vector3.Dot(front, normals[a] + normals[b] + normals[c]) > 0) right++;
                }
            }
            Assert.Greater(right, 0.98f * all);
        }

        [Test]
        public void ButtonsOnTheScreenReachTheDirector()
        {
            var stage = new GameObject("stage");
            var director = stage.AddComponent<FaceDirector>();
            var panel = stage.AddComponent<DirectorPanel>();
            panel.Director = director;
            Player.Step(0.02f);
            var sent = director.Sent;
            GUILayout.Pressed.Add("happy");
            Player.Step(0.02f);
            Assert.AreEqual(sent + 1, director.Sent);
            Assert.AreEqual(0, GUILayout.Pressed.Count);
        }

        [Test]
        public void TheInspectorShowsHowTheReceiverFares()
        {
            var actor = new Actor("anna");
            Play(0.5, () => actor.Give(0.8f));
            var inspector = ScriptableObject.CreateInstance<FaceReceiverEditor>();
            inspector.target = actor.Receiver;
            EditorGUILayout.Lines.Clear();
            inspector.OnInspectorGUI();
            Assert.IsTrue(inspector.RequiresConstantRepaint());
            Assert.AreEqual("Receiving", EditorGUILayout.Lines[0]);
            Assert.Contains("jawOpen 0.80", EditorGUILayout.Lines);
            Assert.IsTrue(EditorGUILayout.Lines.Exists(line => line.StartsWith("Dropped: 0 not taken, 0 late, 0 lost")));
            Assert.IsTrue(EditorGUILayout.Lines.Exists(line => line.StartsWith("Latency: ")));
            var rig = ScriptableObject.CreateInstance<FaceRigEditor>();
            rig.target = actor.Rig;
            EditorGUILayout.Lines.Clear();
            rig.OnInspectorGUI();
            Assert.Contains("Found (52)", EditorGUILayout.Lines);
        }

        [Test]
        public void AHeadFromTheMenuIsBuiltWhenThePlayerStarts()
        {
            AssetDatabase.Assets[FaceMenu.HeadPath] = new TextAsset(SmallHead.Bytes());
            FaceMenu.AddHead(new MenuCommand(null));
            var head = Selection.activeGameObject.GetComponent<FaceHead>();
            Assert.AreEqual(head.gameObject, head.Receiver.gameObject);
            Assert.IsTrue(head.File != null);
            head.Build();
            Assert.AreEqual(1, head.Rig.Report.Found.Count);
            FaceMenu.AddDirector(new MenuCommand(null));
            var director = Selection.activeGameObject.GetComponent<FaceDirector>();
            Assert.AreEqual(head.Receiver, director.Receiver);
            Assert.AreEqual(head.HeadAndEyes, director.Head);
            Player.Errors.Clear(); // the stub wakes an object at once, before the menu has named its file
        }

        [Test]
        public void TheDemosStageSeatsItsActors()
        {
            var made = new GameObject("stage");
            made.SetActive(false);
            var stage = made.AddComponent<Stage>();
            stage.Head = new TextAsset(SmallHead.Bytes());
            stage.Seats = new[]
            {
                new Stage.Seat { Actor = "anna", Protocol = FaceProtocol.Osc, Port = 47611 },
                new Stage.Seat { Actor = "ben", Protocol = FaceProtocol.Osc, Port = 47611 }
            };
            made.SetActive(true);
            Player.Step(0.02f);
            var receivers = made.GetComponentsInChildren<FaceReceiver>(true);
            Assert.AreEqual(new[] { "anna", "ben" }, Array.ConvertAll(receivers, receiver => receiver.Actor));
            Assert.Greater(receivers[0].transform.position.x, receivers[1].transform.position.x);
            Assert.AreEqual(LinkState.Connected, receivers[1].State, receivers[1].Detail); // one port for both
            Assert.AreEqual(2, made.GetComponentsInChildren<SkinnedMeshRenderer>(true).Length);
            Assert.IsTrue(Camera.main.transform.forward.z < -0.99f); // back at the faces
        }

        [Test]
        public void OnlyAnAnimatorsBonesNeedNoNaming()
        {
            var body = new GameObject("body");
            var animator = body.AddComponent<Animator>();
            animator.Bones[HumanBodyBones.Head] = Scene.Bone("Head", body.transform, Vector3.up, Quaternion.identity);
            animator.Bones[HumanBodyBones.LeftEye] = Scene.Bone("Eye_L", body.transform, Vector3.up, Quaternion.identity);
            var mover = body.AddComponent<HeadAndEyes>();
            Assert.AreEqual("Head", mover.Head.name);
            Assert.AreEqual("Eye_L", mover.LeftEye.name);
        }
    }
}
