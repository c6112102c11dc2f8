using System;
using NUnit.Framework;

namespace Facecue.Wire.Tests
{
    /// <summary>Our cryptography against published vectors: RFC 7748 section 6.1, and the box of NaCl's own tests.</summary>
    [TestFixture]
    public sealed class CurveTests
    {
        const string AliceSecret = "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a";
        const string AlicePublic = "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a";
        const string BobSecret = "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb";
        const string BobPublic = "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f";
        const string Nonce = "69696ee955b62b73cd62bda875fc73d68219e0036b7a0b37";
        const string Text = "be075fc53c81f2d5cf141316ebeb0c7b5228c52a4c62cbd44b66849b64244ffce5ecbaaf33bd751a1ac728d45e6c61296c"
            + "dc3c01233561f41db66cce314adb310e3be8250c46f06dceea3a7fa1348057e2f6556ad6b1318a024a838f21af1fde048977eb48f59ffd4924"
            + "ca1c60902e52f0a089bc76897040e082f937763848645e0705";
        const string Boxed = "f3ffc7703f9400e52a7dfb4b3d3305d98e993b9f48681273c29650ba32fc76ce48332ea7164d96a4476fb8c531a1186ac0"
            + "dfc17c98dce87b4da7f011ec48c97271d2c20f9b928fe2270d6fb863d51738b48eeee314a7cc8ab932164548e526ae90224368517acfeabd6b"
            + "b3732bc0e9da99832b61ca01b6de56244a9e88d5f9b37973f622a43d14a6599b1f654cb45a74e355a5";

        static byte[] Hex(string text)
        {
            var bytes = new byte[text.Length / 2];
            for (var i = 0; i < bytes.Length; i++) bytes[i] = Convert.ToByte(text.Substring(2 * i, 2), 16);
            return bytes;
        }

        [Test]
        public void KeysOfRfc7748()
        {
            Assert.AreEqual(Hex(AlicePublic), Curve25519.PublicKey(Hex(AliceSecret)));
            Assert.AreEqual(Hex(BobPublic), Curve25519.PublicKey(Hex(BobSecret)));
            var shared = Hex("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742");
            Assert.AreEqual(shared, Curve25519.Multiply(Hex(AliceSecret), Hex(BobPublic)));
            Assert.AreEqual(shared, Curve25519.Multiply(Hex(BobSecret), Hex(AlicePublic)));
        }

        [Test]
        public void BoxOfNaCl()
        {
            var text = Hex(Text);
            var data = new byte[16 + text.Length];
            Buffer.BlockCopy(text, 0, data, 16, text.Length);
            new CurveBox(Hex(AliceSecret), Hex(BobPublic)).Seal(data, 0, text.Length, Hex(Nonce));
            Assert.AreEqual(Hex(Boxed), data);
            Assert.IsTrue(new CurveBox(Hex(BobSecret), Hex(AlicePublic)).Open(data, 0, data.Length, Hex(Nonce)));
            var opened = new byte[text.Length];
            Buffer.BlockCopy(data, 16, opened, 0, opened.Length);
            Assert.AreEqual(text, opened);
        }

        [Test]
        public void WhatWasChangedDoesNotOpen()
        {
            var box = new CurveBox(Hex(BobSecret), Hex(AlicePublic));
            for (var at = 0; at < Hex(Boxed).Length; at++)
            {
                var data = Hex(Boxed);
                data[at] ^= 0x10;
                Assert.IsFalse(box.Open(data, 0, data.Length, Hex(Nonce)), "at " + at);
            }
            Assert.IsFalse(box.Open(Hex(Boxed), 0, 15, Hex(Nonce)));
        }

        /// <summary>Tags of RFC 8439, section 2.5.2 and its appendix A.3, cases 7 to 11: where limbs are full.</summary>
        [TestCase("85d6be7857556d337f4452fe42d506a80103808afb0db2fd4abff6af4149f51b",
            "43727970746f6772617068696320466f72756d2052657365617263682047726f7570", "a8061dc1305136c6c22b8baf0c0127a9")]
        [TestCase("0200000000000000000000000000000000000000000000000000000000000000",
            "ffffffffffffffffffffffffffffffff", "03000000000000000000000000000000")]
        [TestCase("02000000000000000000000000000000ffffffffffffffffffffffffffffffff",
            "02000000000000000000000000000000", "03000000000000000000000000000000")]
        [TestCase("0100000000000000000000000000000000000000000000000000000000000000",
            "fffffffffffffffffffffffffffffffff0ffffffffffffffffffffffffffffff11000000000000000000000000000000",
            "05000000000000000000000000000000")]
        [TestCase("0100000000000000000000000000000000000000000000000000000000000000",
            "fffffffffffffffffffffffffffffffffbfefefefefefefefefefefefefefefe01010101010101010101010101010101",
            "00000000000000000000000000000000")]
        [TestCase("0200000000000000000000000000000000000000000000000000000000000000",
            "fdffffffffffffffffffffffffffffff", "faffffffffffffffffffffffffffffff")]
        public void TagsOfRfc8439(string key, string text, string tag)
        {
            var got = new byte[16];
            var data = Hex(text);
            Poly1305.Tag(Hex(key), data, 0, data.Length, got, 0);
            Assert.AreEqual(Hex(tag), got);
        }

        [Test]
        public void KeysAsText()
        {
            // the pair that libzmq's own documentation prints
            Assert.AreEqual(Hex("bb88471d65e2659b30c55a5321cebb5aab2b70a398645c26dca2b2fcb43fc518"),
                Z85.Key("Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID"));
            Assert.IsNull(Z85.Key("Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hI"));
            Assert.IsNull(Z85.Key("#####w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID"));
            Assert.IsNull(Z85.Key("Yne@$w vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID"));
        }

        [Test]
        public void KeysThatCannotBeAreTold()
        {
            const string key = "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID";
            foreach (var keys in new[] { new CurveKeys("short"), new CurveKeys(null), new CurveKeys(key, key), new CurveKeys(key, key, key), new CurveKeys(key, "x", key) })
            {
                Assert.IsNull(CurveSession.Begin(keys, out var problem));
                Assert.IsNotEmpty(problem);
            }
            Assert.IsNotNull(CurveSession.Begin(new CurveKeys(key), out _));
        }

        [Test]
        public void RubbishInTheHandshakeIsRefused()
        {
            var chance = new Random(6);
            var link = new ZmtpLink("face", new FrameRing(4), new CurveKeys("Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID"));
            for (var i = 0; i < 40; i++) // each makes keys of its own
            {
                link.Open(0);
                Assert.IsTrue(ZmtpPeer.Give(link, ZmtpPeer.Greeting(mechanism: "CURVE")));
                Assert.AreEqual(64 + 2 + 200, ZmtpPeer.Taken(link).Length, "greeting and HELLO");
                var junk = new byte[i % 2 == 0 ? 160 : chance.Next(240)];
                chance.NextBytes(junk);
                Assert.IsFalse(ZmtpPeer.Give(link, ZmtpPeer.Command(i % 3 == 0 ? "READY" : i % 3 == 1 ? "WELCOME" : "MESSAGE", junk)));
                Assert.IsFalse(link.Up);
                StringAssert.Contains("bridge's key", link.Problem);
            }
        }

        [Test]
        public void OpeningAllocatesNothing()
        {
            var box = new CurveBox(Hex(AliceSecret), Hex(BobPublic));
            var nonce = Hex(Nonce);
            var data = new byte[1300];
            Check.AllocatesNothing(() =>
            {
                for (var i = 0; i < 50; i++)
                {
                    box.Seal(data, 0, data.Length - 16, nonce);
                    box.Open(data, 0, data.Length, nonce);
                }
            });
        }
    }
}
