// What C# makes of frames that Python made: recipes of VRM and Oculus, and the head's vertices. A frame is a line of
// 204 landmarks, 4 of gaze, 4 and 3 of the head, 8 emotions and 52 weights; each is answered by a line.
using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using Facecue;
using Facecue.Mapping;
using Facecue.Wire;
using UnityEngine;

static class Parity
{
    static int Main(string[] arguments)
    {
        CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
        string line;
        if (arguments[0] == "recipes")
        {
            FaceMap vrm = All(PresetName.Vrm), oculus = All(PresetName.Oculus);
            while ((line = Console.ReadLine()) != null)
            {
                var frame = Frame(line);
                Print(vrm.Evaluate(frame), oculus.Evaluate(frame));
            }
            return 0;
        }
        var body = new GameObject("head");
        body.SetActive(false);
        var head = body.AddComponent<FaceHead>();
        head.File = new TextAsset(File.ReadAllBytes(arguments[1]));
        body.SetActive(true);
        head.HeadAndEyes.HeadLimit = head.HeadAndEyes.EyeYawLimit = head.HeadAndEyes.EyePitchLimit = 90;
        while ((line = Console.ReadLine()) != null)
        {
            var frame = Frame(line);
            head.Rig.Apply(frame);
            head.HeadAndEyes.Apply(frame);
            var skin = head.GetComponentsInChildren<SkinnedMeshRenderer>(true)[0];
            Print(Numbers(Skinned(skin)), Numbers(Still(head.HeadAndEyes.RightEye)), Numbers(Still(head.HeadAndEyes.LeftEye)));
        }
        return Player.Errors.Count;
    }

    static FaceMap All(PresetName preset)
      => new FaceMap(new[] { new MeshShapes("Face", Array.ConvertAll(Preset.Find(preset).Recipes, r => r.Name)) }, preset, null);

    static FaceFrame Frame(string line)
    {
        var words = line.Split(' ');
        var frame = new FaceFrame { HasLandmarks = words[0] == "1" };
        var at = 1;
        foreach (var into in new[] { frame.Landmarks, frame.Gaze, frame.HeadRotation, frame.HeadTranslation, frame.Emotion, frame.Arkit })
            for (var i = 0; i < into.Length; i++) into[i] = float.Parse(words[at++], CultureInfo.InvariantCulture);
        return frame;
    }

    static void Print(params float[][] values)
    {
        var words = new List<string>();
        foreach (var part in values) foreach (var value in part) words.Add(value.ToString("R"));
        Console.WriteLine(string.Join(" ", words.ToArray()));
    }

    static float[] Numbers(Vector3[] points)
    {
        var numbers = new List<float>();
        foreach (var point in points) numbers.AddRange(new[] { point.x, point.y, point.z });
        return numbers.ToArray();
    }

    // as the engine does it: shapes, then bones
    static Vector3[] Skinned(SkinnedMeshRenderer skin)
    {
        var mesh = skin.sharedMesh;
        var points = mesh.vertices;
        points = (Vector3[])points.Clone();
        var deltas = new Vector3[points.Length];
        for (var shape = 0; shape < mesh.blendShapeCount; shape++)
        {
            var weight = skin.GetBlendShapeWeight(shape) / 100;
            if (weight == 0) continue;
            mesh.GetBlendShapeFrameVertices(shape, 0, deltas, null, null);
            for (var i = 0; i < points.Length; i++) points[i] += deltas[i] * weight;
        }
        for (var i = 0; i < points.Length; i++)
        {
            var share = mesh.boneWeights[i];
            points[i] = share.weight0 * Posed(skin, share.boneIndex0, points[i]) + share.weight1 * Posed(skin, share.boneIndex1, points[i]);
        }
        return points;
    }

    static Vector3 Posed(SkinnedMeshRenderer skin, int bone, Vector3 point)
    {
        var bind = skin.sharedMesh.bindposes[bone];
        return skin.bones[bone].TransformPoint(point + new Vector3(bind.m03, bind.m13, bind.m23));
    }

    static Vector3[] Still(Transform eye)
      => Array.ConvertAll(eye.GetComponent<MeshFilter>().sharedMesh.vertices, eye.TransformPoint);
}
