using System;

namespace Facecue.Wire
{
    /// <summary>A rotation: unit quaternion.</summary>
    public readonly struct Turn
    {
        public readonly float X, Y, Z, W;

        public Turn(float x, float y, float z, float w)
        {
            X = x;
            Y = y;
            Z = z;
            W = w;
        }

        public static readonly Turn None = new Turn(0f, 0f, 0f, 1f);

        /// <summary>
        /// This rotation of what carries another one: the Hamilton product, this on the left, as a neck carries a head.
        /// </summary>
        public Turn Then(Turn b) => new Turn(
            W * b.X + X * b.W + Y * b.Z - Z * b.Y,
            W * b.Y - X * b.Z + Y * b.W + Z * b.X,
            W * b.Z + X * b.Y - Y * b.X + Z * b.W,
            W * b.W - X * b.X - Y * b.Y - Z * b.Z);

        /// <summary>On the sphere from one to another the short way: 0 is a, 1 is b; beyond goes on alike.</summary>
        public static Turn Slerp(Turn a, Turn b, double share)
        {
            a = a.Unit();
            b = b.Unit();
            var dot = (double)a.X * b.X + (double)a.Y * b.Y + (double)a.Z * b.Z + (double)a.W * b.W;
            var sign = dot < 0 ? -1.0 : 1.0;
            dot *= sign;
            double ka = 1 - share, kb = share * sign;
            if (dot < 0.9999995) // nearer than that the chord is the arc
            {
                var angle = Math.Acos(dot);
                var sine = Math.Sin(angle);
                ka = Math.Sin(ka * angle) / sine;
                kb = sign * Math.Sin(share * angle) / sine;
            }
            return new Turn((float)(ka * a.X + kb * b.X), (float)(ka * a.Y + kb * b.Y),
                (float)(ka * a.Z + kb * b.Z), (float)(ka * a.W + kb * b.W)).Unit();
        }

        /// <summary>Of unit length; none where there is no length.</summary>
        public Turn Unit()
        {
            var length = Math.Sqrt((double)X * X + (double)Y * Y + (double)Z * Z + (double)W * W);
            if (!(length > 1e-6) || double.IsInfinity(length)) return None;
            return new Turn((float)(X / length), (float)(Y / length), (float)(Z / length), (float)(W / length));
        }
    }

    /// <summary>A position or a shift.</summary>
    public readonly struct Place
    {
        public readonly float X, Y, Z;

        public Place(float x, float y, float z)
        {
            X = x;
            Y = y;
            Z = z;
        }
    }
}
