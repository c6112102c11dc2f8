using System;
using System.Globalization;
using System.IO;
using Facecue.Wire;

/// <summary>Reads messages, each behind its length (little-endian): Maps.exe FILE prints one line for each.</summary>
static class Maps
{
    static int Main(string[] args)
    {
        var frame = new FaceFrame();
        using (var from = new BinaryReader(File.OpenRead(args[0])))
            while (from.BaseStream.Position < from.BaseStream.Length)
            {
                var data = from.ReadBytes(from.ReadInt32());
                var came = NativeMap.Read(data, 0, data.Length, frame, out var version);
                if (came == Reading.OtherVersion) Console.WriteLine("version {0}", version);
                else if (came == Reading.Nothing) Console.WriteLine("nothing");
                else
                {
                    var sum = 0.0;
                    foreach (var array in new[] { frame.Landmarks, frame.Gaze, frame.HeadRotation, frame.HeadTranslation, frame.Emotion, frame.Arkit })
                        for (var i = 0; i < array.Length; i++) sum += (i + 1) * (double)array[i];
                    Console.WriteLine(string.Format(CultureInfo.InvariantCulture, "frame {0} {1:R} {2:R} {3:R}",
                        frame.Number, frame.TimeS, frame.LatencyS, sum));
                }
            }
        return 0;
    }
}
