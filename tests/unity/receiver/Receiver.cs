using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Reflection;
using System.Threading;
using Facecue.Wire;

/// <summary>
/// An engine without an engine: receives, plays and takes pictures at several rates, and writes down what it saw.
///
///     Receiver.exe zmq|osc HOST PORT ACTOR SECONDS|- FILE|- HZ[,HZ...] [SERVER PUBLIC|- SECRET|-]
///
/// FILE.frames gets every frame, FILE.HZ every picture, as little-endian records; "-" writes nothing, so that what is
/// allocated is the package's own. It ends after SECONDS, or at a line on stdin.
/// </summary>
static class Receiver
{
    static volatile bool _ending;

    static int Main(string[] args)
    {
        var port = int.Parse(args[2], CultureInfo.InvariantCulture);
        var keys = args.Length > 9 ? new CurveKeys(args[7], Given(args[8]), Given(args[9])) : null;
        IFaceSource source;
        if (args[0] == "zmq") source = new ZmqFaceSource(args[1], port, args[3], keys);
        else source = new OscFaceSource(args[1], port, args[3]);
        var seconds = args[4] == "-" ? double.PositiveInfinity : double.Parse(args[4], CultureInfo.InvariantCulture);
        if (args[4] == "-")
            new Thread(() =>
            {
                Console.In.ReadLine();
                _ending = true;
            }) { IsBackground = true }.Start();
        var views = new List<View>();
        foreach (var rate in args[6].Split(',')) views.Add(new View(rate, args[5]));
        var frames = args[5] == "-" ? null : new BinaryWriter(File.Create(args[5] + ".frames"));
        Console.WriteLine("ready");
        Console.Out.Flush();
        using (source) Run(source, views, frames, seconds);
        if (frames != null) frames.Close();
        return 0;
    }

    static string Given(string text) => text == "-" ? null : text;

    static void Run(IFaceSource source, List<View> views, BinaryWriter frames, double seconds)
    {
        var method = typeof(GC).GetMethod("GetAllocatedBytesForCurrentThread", BindingFlags.Static | BindingFlags.Public);
        var allocated = (Func<long>)Delegate.CreateDelegate(typeof(Func<long>), method);
        var frame = new FaceFrame();
        var start = FaceClock.NowS;
        var warm = start + Math.Min(2, seconds / 2);
        long bytes = 0, own = 0, taken = 0, warmFrames = 0;
        var collections = -1;
        while (!_ending && FaceClock.NowS - start < seconds)
        {
            var now = FaceClock.NowS;
            if (collections < 0 && now > warm)
            {
                collections = GC.CollectionCount(0);
                warmFrames = source.Received;
                own = 0;
            }
            bytes = allocated();
            while (source.TryTake(frame))
            {
                taken++;
                for (var i = 0; i < views.Count; i++) views[i].Buffer.Push(frame, frame.ArrivalS);
                if (frames != null) Write(frames, frame);
            }
            for (var i = 0; i < views.Count; i++) views[i].Look();
            own += allocated() - bytes;
            Thread.Sleep(1);
        }
        Say("state", source.State.ToString());
        Say("detail", source.Detail);
        Say("received", source.Received);
        Say("taken", taken);
        Say("rejected", source.Rejected);
        Say("dropped", source.Dropped);
        Say("collections", collections < 0 ? -1 : GC.CollectionCount(0) - collections);
        Say("counted_frames", source.Received - warmFrames);
        Say("bytes", own);
        var zmq = source as ZmqFaceSource;
        Say("connections", zmq == null ? 0 : zmq.Connections);
        foreach (var view in views) view.Close();
    }

    static void Write(BinaryWriter to, FaceFrame frame)
    {
        to.Write(frame.Number);
        to.Write(frame.TimeS);
        to.Write(frame.LatencyS);
        to.Write(frame.ArrivalS);
        to.Write((long)(frame.HasLandmarks ? 1 : 0));
        foreach (var array in new[] { frame.Landmarks, frame.Gaze, frame.HeadRotation, frame.HeadTranslation, frame.Emotion, frame.Arkit })
            foreach (var value in array) to.Write(value);
    }

    static void Say(string name, object value)
        => Console.WriteLine(string.Format(CultureInfo.InvariantCulture, "{0}={1}", name, value));

    /// <summary>A screen of one rate.</summary>
    sealed class View
    {
        public readonly JitterBuffer Buffer = new JitterBuffer();
        readonly FaceFrame _face = new FaceFrame();
        readonly string _name;
        readonly double _periodS;
        readonly BinaryWriter _to;
        double _nextS = FaceClock.NowS;
        long _pictures;

        public View(string rate, string file)
        {
            _name = rate;
            _periodS = 1 / double.Parse(rate, CultureInfo.InvariantCulture);
            _to = file == "-" ? null : new BinaryWriter(File.Create(file + "." + rate));
        }

        public void Look()
        {
            var now = FaceClock.NowS;
            if (now < _nextS) return;
            _nextS = Math.Max(_nextS + _periodS, now - _periodS);
            var any = Buffer.Sample(now, _face);
            _pictures++;
            if (_to == null) return;
            _to.Write(now);
            _to.Write(_face.TimeS);
            _to.Write(Buffer.DelayS);
            _to.Write((double)Buffer.Presence);
            _to.Write((Buffer.Settled ? 1L : 0L) + (any ? 2L : 0L));
            foreach (var value in _face.HeadRotation) _to.Write(value);
            foreach (var value in _face.Arkit) _to.Write(value);
        }

        public void Close()
        {
            Say("pictures_" + _name, _pictures);
            Say("late_" + _name, Buffer.Late);
            Say("lost_" + _name, Buffer.Lost);
            Say("duplicates_" + _name, Buffer.Duplicates);
            Say("restarts_" + _name, Buffer.Restarts);
            Say("delay_ms_" + _name, 1e3 * Buffer.DelayS);
            Say("target_ms_" + _name, 1e3 * Buffer.TargetDelayS);
            if (_to != null) _to.Close();
        }
    }
}
