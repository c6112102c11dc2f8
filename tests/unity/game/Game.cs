using System;
using System.Collections.Generic;
using System.IO;
using System.Text;
using Facecue;
using Facecue.Inference;
using Facecue.Voice;
using Facecue.Wire;
using Unity.InferenceEngine;
using UnityEngine;

/// <summary>
/// VoiceToFace and a FaceReceiver on one object of the stub's player, with a worker that opens the mouth: the frames reach
/// the receiver, from the sound's thread and from a microphone. Argument: the folder of the networks.
/// </summary>
static class Game
{
    static ModelAsset Asset(GraphContract contract)
    {
        var asset = ScriptableObject.CreateInstance<ModelAsset>();
        foreach (var port in contract.Inputs) asset.Model.inputs.Add(new Model.Input { name = port.Name });
        foreach (var port in contract.Outputs)
        {
            asset.Model.outputs.Add(new Model.Output { name = port.Name });
            asset.Model.Sizes[port.Name] = port.Count;
        }
        return asset;
    }

    static void Check(bool holds, string what)
    {
        if (holds) return;
        Console.WriteLine("FAILED: " + what + "; " + string.Join("; ", Player.Errors));
        Environment.Exit(1);
    }

    static void Main(string[] args)
    {
        var json = File.ReadAllText(Path.Combine(args[0], "live.json"), Encoding.UTF8);
        var map = File.ReadAllBytes(Path.Combine(args[0], "retarget.bytes"));
        var contract = VoiceContract.Read(json);
        Worker.Answer = (given, made) =>
        {
            if (!made.ContainsKey("voice")) return;
            made["voice"].Data[0] = 1;
            made["head_rotation"].Data[3] = 1;
            made["emotion"].Data[4] = given["emotion_mix"].Data[0];
            foreach (var point in new[] { 65, 66, 67 }) made["displacement"].Data[3 * point + 1] = -1;
        };
        AudioSettings.outputSampleRate = 48000;
        foreach (var input in new[] { VoiceInput.AudioSource, VoiceInput.Microphone })
        {
            Player.Clear();
            var thing = new GameObject("head");
            thing.SetActive(false);
            var receiver = thing.AddComponent<FaceReceiver>();
            var voice = thing.AddComponent<VoiceToFace>();
            voice.Input = input;
            voice.Emotion = "happy";
            voice.Use(Asset(contract.Main), Asset(contract.Feeling), new TextAsset(json), new TextAsset(map));
            thing.SetActive(true);
            Check(voice.Face != null && Worker.Alive == 2, "it begins: " + voice.Detail);
            Check(receiver.Detail.Contains("CC BY-NC-SA"), "terms are said: " + receiver.Detail);
            var block = new float[2 * 480];
            for (var n = 0; n < 100; n++) // a second in pictures of 10 ms
            {
                for (var i = 0; i < block.Length; i++) block[i] = 0.1f * (float)Math.Sin(n + i * 0.05);
                if (input == VoiceInput.Microphone)
                {
                    Microphone.Clip.SetData(new ArraySegmentOf(block, 160).Values, Microphone.Position);
                    Microphone.Position = (Microphone.Position + 160) % Microphone.Clip.samples;
                }
                else Filter(voice, block);
                System.Threading.Thread.Sleep(10); // the receiver plays by the clock
                Player.Step(0.01f);
            }
            Check(receiver.Received > 35, "frames come: " + receiver.Received);
            Check(receiver.IsLive, "they are played");
            Check(receiver.Frame.Arkit[FaceNames.IndexOfArkit("jawOpen")] > 0.2f, "the mouth opens");
            Check(receiver.Frame.Emotion[4] > 0.9f, "the emotion was asked for");
            thing.SetActive(false);
            Check(Worker.Alive == 0 && voice.Face == null, "it ends");
            Check(Player.Errors.Count == 0, "no errors");
        }
        ReadAhead(contract, json, map);
        Player.Clear();
        var other = new GameObject("other");
        other.AddComponent<FaceReceiver>().enabled = false;
        var wrong = other.AddComponent<VoiceToFace>();
        wrong.Use(Asset(contract.Main), Asset(contract.Main), new TextAsset(json), new TextAsset(map));
        Check(wrong.Face == null && wrong.Detail.Contains("not of one export"), "a mix-up is said: " + wrong.Detail);
        Check(Worker.Alive == 0, "nothing is left");
        Console.WriteLine("held");
    }

    // a clip that is read ahead: the frame of the place that is heard is there when it is heard, from the beginning on
    static void ReadAhead(VoiceContract contract, string json, byte[] map)
    {
        Player.Clear();
        var thing = new GameObject("head");
        thing.SetActive(false);
        var receiver = thing.AddComponent<FaceReceiver>();
        var source = thing.AddComponent<AudioSource>();
        source.clip = AudioClip.Create("line", 88200, 2, 44100, false);
        source.clip.SetData(new float[176400], 0);
        var voice = thing.AddComponent<VoiceToFace>();
        voice.Input = VoiceInput.Clip;
        voice.Use(Asset(contract.Main), Asset(contract.Feeling), new TextAsset(json), new TextAsset(map));
        thing.SetActive(true);
        Player.Step(0.02f);
        Check(receiver.Received == 0, "nothing is made while nothing is said");
        source.Play();
        foreach (var start in new[] { 0, 22050, 50000, 4410 }) // further on, beyond what was read, and back
        {
            for (var n = 0; n < 20; n++)
            {
                source.timeSamples = start + n * 882;
                Player.Step(0.02f);
                if (n < 2) continue;
                var place = source.timeSamples / 44100.0 + receiver.VoiceStartS - receiver.Frame.TimeS;
                Check(Math.Abs(place) < 0.011, "the face of picture " + n + " from " + start + " is " + place + " s off");
            }
        }
        Check(receiver.VoiceStartS == -0.1f, "it began anew: " + receiver.VoiceStartS);
        Check(voice.Face.Made < 80 + 4 * 12, "no further ahead than it must: " + voice.Face.Made);
        Check(Player.Errors.Count == 0, "no errors");
        thing.SetActive(false);
    }

    sealed class ArraySegmentOf
    {
        public readonly float[] Values;
        public ArraySegmentOf(float[] from, int count)
        {
            Values = new float[count];
            Array.Copy(from, Values, count);
        }
    }

    static void Filter(VoiceToFace voice, float[] data)
    {
        var method = typeof(VoiceToFace).GetMethod("OnAudioFilterRead", System.Reflection.BindingFlags.Instance | System.Reflection.BindingFlags.NonPublic);
        method.Invoke(voice, new object[] { data, 2 });
    }
}
