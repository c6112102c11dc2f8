using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("Facecue.Wire.Tests")]
