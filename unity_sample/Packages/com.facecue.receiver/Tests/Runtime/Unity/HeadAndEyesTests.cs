using System;
using Facecue.Wire;
using NUnit.Framework;
using UnityEngine;
using Object = UnityEngine.Object;

namespace Facecue.Tests
{
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
}
