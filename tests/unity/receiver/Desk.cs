using System;
using System.Globalization;
using Facecue.Wire;

/// <summary>Sends one of each kind of control: Desk.exe PORT TOKEN|- ACTOR|-</summary>
static class Desk
{
    static int Main(string[] args)
    {
        var port = int.Parse(args[0], CultureInfo.InvariantCulture);
        using (var desk = new ControlSender("127.0.0.1", port, args[1] == "-" ? null : args[1], args[2] == "-" ? null : args[2]))
        {
            desk.Send("intensity", 1.5f);
            desk.Send("emotion", "happy");
            desk.Send("blink", false);
            desk.SendUnit("mouth", 0.75f);
            desk.Press("gate/toggle");
            desk.LookAt(-12.5f, 3f, 80f);
            desk.Send("target_mix", 0.5f);
            var problem = desk.Problem;
            desk.Send("", 1f);
            desk.Send("intensity", float.NaN);
            desk.Send("emotion", new string('x', 2000));
            Console.WriteLine("sent={0} problem={1}", desk.Sent, problem ?? "none");
        }
        return 0;
    }
}
