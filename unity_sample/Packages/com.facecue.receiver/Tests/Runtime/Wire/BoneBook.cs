using System.Collections.Generic;
using System.Text;

namespace Facecue.Wire.Tests
{
    /// <summary>Bones of VMC packets as they were sent.</summary>
    sealed class BoneBook : IOscListener
    {
        readonly Dictionary<string, float[]> _bones = new Dictionary<string, float[]>();

        void IOscListener.Hear(byte[] data, OscMessage message)
        {
            if (Encoding.ASCII.GetString(data, message.Address, message.AddressLength) != "/VMC/Ext/Bone/Pos") return;
            var at = message.Arguments;
            OscMessage.Text(data, ref at, data.Length, out var length);
            var pose = new float[7];
            Bits.BigFloats(data, at, pose);
            _bones[Encoding.ASCII.GetString(data, message.Arguments, length)] = pose;
        }

        public Place Place(string bone) => new Place(_bones[bone][0], _bones[bone][1], _bones[bone][2]);

        public Turn Turn(string bone)
        {
            var pose = _bones[bone];
            return new Turn(pose[3], pose[4], pose[5], pose[6]);
        }
    }
}
