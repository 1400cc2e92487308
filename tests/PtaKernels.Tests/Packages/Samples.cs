namespace PtaKernels.Tests.Packages;

/// <summary>The C# samples and what they print.</summary>
internal static class Samples
{
    /// <summary>What each prints, run in the repository's folder.</summary>
    public static readonly (string Name, string Output)[] All =
    [
        ("Align", """
            27: 36 tokens taught 33 of 44 positions; after cal comes end 0.49, cul 0.18, cs 0.13
            48: 154 tokens taught 142 of 143 positions; after ▁control comes ▁flags 0.48, ▁the 0.31, ▁rule 0.07
            69: 440 tokens taught 328 of 330 positions; after ▁mapping comes ▁is 0.23, ▁of 0.17, ▁di 0.14
            77: 29 tokens taught 29 of 38 positions; after ( comes self 0.47, System 0.23, <0x0A> 0.22
            103: 45 tokens taught 31 of 32 positions; after ▁that comes ▁can 1.00, ▁is 0.00, ▁determines 0.00

            """),
        ("Transport", """
            1000 of 1000 transports converged, mean cost 1.2852

            """),
        ("Map", """
            11440 of 50257 gpt2 tokens have their text in spA
            Ġworld: ▁world, 0 edits
            Ġpronunciation: ▁production, 4 edits
            ĠZealand: ▁expand, 3 edits

            """),
    ];

    /// <summary>The source of a sample.</summary>
    public static string SourceOf(string name) => Repository.PathOf("samples", "csharp", name, "Program.cs");

    /// <summary>Its output, as it should be.</summary>
    public static string OutputOf(string name) => All.Single(s => s.Name == name).Output;
}
