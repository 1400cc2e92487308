namespace PtaKernels.Gpu;

/// <summary>A <see cref="ByteFit"/> under one byte tail, its tokens in a list that all fits share: first token, those inside, heaviest of the range.</summary>
internal struct DeviceFit
{
    /// <summary>The first token.</summary>
    public int First;

    /// <summary>Bytes of the first token.</summary>
    public int FirstLength;

    /// <summary>Bytes of x.</summary>
    public int Length;

    /// <summary>First place of a token that starts with x.</summary>
    public int Start;

    /// <summary>Place behind the last one.</summary>
    public int End;

    /// <summary>Number of tokens that fit.</summary>
    public int Count;

    /// <summary>Place of the first token in the list.</summary>
    public int Tokens;

    /// <summary>The first token and those inside.</summary>
    public int Named;

    /// <summary>The heaviest tokens of the range, behind those.</summary>
    public int Heaviest;

    /// <summary>Sum of the discounts of all tokens that fit.</summary>
    public double Discounts;
}

/// <summary>Where a target token stands among all of them.</summary>
internal struct TokenPlace
{
    /// <summary>Place in <see cref="ByteFits.Places"/>, or -1.</summary>
    public int Place;

    /// <summary>Bytes.</summary>
    public int Length;
}
