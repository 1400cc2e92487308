using System.Runtime.InteropServices;
using ILGPU;

namespace PtaKernels.Gpu;

/// <summary>Four consecutive symbols of a token; those past its end are <see cref="Padding"/>, which equals no symbol.</summary>
[StructLayout(LayoutKind.Sequential, Size = 16)]
internal struct SymbolQuad
{
    /// <summary>What stands past the end of a token.</summary>
    public const int Padding = -1;

    /// <summary>Symbol 4q.</summary>
    public int X;

    /// <summary>Symbol 4q + 1.</summary>
    public int Y;

    /// <summary>Symbol 4q + 2.</summary>
    public int Z;

    /// <summary>Symbol 4q + 3.</summary>
    public int W;
}

/// <summary>Where a token lies on its tape and what it is.</summary>
[StructLayout(LayoutKind.Sequential, Size = 16)]
internal struct TokenEntry
{
    /// <summary>Its first quad.</summary>
    public int Start;

    /// <summary>Symbols.</summary>
    public int Length;

    /// <summary><see cref="TokenRoles"/>.</summary>
    public int Roles;

    /// <summary>Not used; it rounds the entry up to one 16-byte load.</summary>
    public int Reserved;

    /// <summary>Whether <see cref="TokenRoles.Special"/> is among the roles.</summary>
    public readonly bool IsSpecial => (Roles & (int)TokenRoles.Special) != 0;
}

/// <summary>A tape as kernels see it.</summary>
internal struct TapeView
{
    /// <summary>[count] tokens.</summary>
    public ArrayView<TokenEntry> Tokens;

    /// <summary>The symbols of all tokens, each token from a quad of its own.</summary>
    public ArrayView<SymbolQuad> Quads;
}
