using System;
using System.Collections.Generic;
using System.IO;
using System.Text;
using Facecue.Mapping;
using NUnit.Framework;

namespace Facecue.Tests
{
    /// <summary>A head of four corners, written here as docs/head.md says.</summary>
    static class SmallHead
    {
        public static byte[] Bytes()
        {
            var stream = new MemoryStream();
            var write = new BinaryWriter(stream);
            write.Write(Encoding.ASCII.GetBytes("FCH1"));
            foreach (var number in new uint[] { 1, 4, 6, 2, 1 }) write.Write(number);
            Floats(write, 0.01f, 0, -10, 0, -3, 3, 8, 3, 3, 8, 1.2f, 0.6f, 0.4f, 0.5f);
            Part(write, "skin", 0, 0, 3);
            Part(write, "eye_white_left", 2, 3, 3);
            Floats(write, 0, 0, 0, 10, 0, 0, 0, 10, 0, 3, 3, 9);
            Floats(write, 0, 0, 1, 0, 0, 1, 0, 0, 1, 1, 0, 0);
            Floats(write, 1, 0.25f, 0, 1);
            for (var i = 0; i < 4; i++) write.Write(new byte[] { 255, 128, 0, 255 });
            foreach (var corner in new ushort[] { 0, 1, 2, 3, 1, 2 }) write.Write(corner);
            Name(write, "jawOpen");
            write.Write(1u);
            Floats(write, 0.001f, 0.0001f);
            write.Write((ushort)1);
            write.Write((ushort)0);
            foreach (var step in new short[] { 100, -2000, 0 }) write.Write(step);
            write.Write((short)0);
            foreach (var step in new short[] { 1000, 0, 0 }) write.Write(step);
            write.Write((short)0);
            return stream.ToArray();
        }

        static void Floats(BinaryWriter write, params float[] values) { foreach (var value in values) write.Write(value); }

        static void Name(BinaryWriter write, string name)
        {
            var bytes = new byte[32];
            Encoding.ASCII.GetBytes(name, 0, name.Length, bytes, 0);
            write.Write(bytes);
        }

        static void Part(BinaryWriter write, string name, uint turns, uint first, uint count)
        {
            Name(write, name);
            Floats(write, 1, 0.8f, 0.7f, 1, 0.3f, 0);
            foreach (var number in new[] { turns, first, count, 0u }) write.Write(number);
        }
    }

    public sealed class HeadFileTests
    {
        [Test]
        public void AHeadIsReadToItsLastByte()
        {
            var head = new HeadFile(SmallHead.Bytes());
            Assert.AreEqual(4, head.VertexCount);
            Assert.AreEqual("eye_white_left", head.Parts[1].Name);
            Assert.AreEqual(HeadTurn.LeftEye, head.Parts[1].Turn);
            Assert.AreEqual(0.8f, head.Parts[0].Colour[1]);
            Assert.AreEqual(-10, head.HeadPivot[1]);
            Assert.AreEqual(0.25f, head.HeadShare[1]);
            Assert.AreEqual("jawOpen", head.Morphs[0].Name);
            Assert.AreEqual(-2000, head.Morphs[0].Deltas[1]);
            Assert.AreEqual(1000, head.Morphs[0].Normals[0]);
        }

        [Test]
        public void AHeadCutAnywhereIsRefused()
        {
            var whole = SmallHead.Bytes();
            for (var length = 0; length < whole.Length; length++)
            {
                var cut = new byte[length];
                Array.Copy(whole, cut, length);
                Assert.Throws<FormatException>(() => new HeadFile(cut), "cut to " + length);
            }
            var longer = new byte[whole.Length + 4];
            Array.Copy(whole, longer, whole.Length);
            Assert.Throws<FormatException>(() => new HeadFile(longer));
            Assert.Throws<FormatException>(() => new HeadFile(null));
        }

        [Test]
        public void NoByteMakesItFailOtherwise()
        {
            var whole = SmallHead.Bytes();
            var read = 0;
            for (var at = 0; at < whole.Length; at++)
                foreach (var value in new byte[] { 0, 1, 127, 128, 255 })
                {
                    var changed = (byte[])whole.Clone();
                    changed[at] = value;
                    try { Whole(new HeadFile(changed)); read++; }
                    catch (FormatException) { }
                }
            Assert.Greater(read, 0);
        }

        // whoever builds a mesh of it need not look again
        static void Whole(HeadFile head)
        {
            foreach (var corner in head.Triangles) Assert.Less(corner, head.VertexCount);
            foreach (var morph in head.Morphs)
                foreach (var vertex in morph.Indices) Assert.Less(vertex, head.VertexCount);
            var first = 0;
            foreach (var part in head.Parts)
            {
                Assert.AreEqual(first, part.FirstIndex);
                first += part.IndexCount;
            }
            Assert.AreEqual(head.Triangles.Length, first);
            foreach (var share in head.HeadShare) Assert.That(share >= 0 && share <= 1);
            foreach (var value in head.Vertices) Assert.IsFalse(float.IsNaN(value) || float.IsInfinity(value));
        }

        [Test]
        public void CountsBeyondTheFileAllocateNothing()
        {
            foreach (var field in new[] { 8, 12, 16, 20 })
            {
                var changed = SmallHead.Bytes();
                for (var i = 0; i < 4; i++) changed[field + i] = 255;
                var error = Assert.Throws<FormatException>(() => new HeadFile(changed));
                StringAssert.Contains("4294967295", error.Message);
            }
        }
    }
}
