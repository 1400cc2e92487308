namespace PtaKernels.DotnetPeers;

/// <summary>A library's edit distance, a call per pair as its users make it.</summary>
internal interface ILibrary
{
    static abstract int Distance(string a, string b);
}

/// <summary>Turner Software's, vectorised; without its threads.</summary>
internal readonly struct ByQuickenshtein : ILibrary
{
    public static int Distance(string a, string b) => Quickenshtein.Levenshtein.GetDistance(a, b);
}

/// <summary>The distance under FuzzySharp's ratios.</summary>
internal readonly struct ByFuzzySharp : ILibrary
{
    public static int Distance(string a, string b) => FuzzySharp.Levenshtein.EditDistance(a, b);
}

/// <summary>F23.StringSimilarity's.</summary>
internal readonly struct ByStringSimilarity : ILibrary
{
    private static readonly F23.StringSimilarity.Levenshtein Levenshtein = new();

    public static int Distance(string a, string b) => (int)Levenshtein.Distance(a, b);
}
