using PtaKernels.Pipeline;

namespace PtaKernels.Effect;

/// <summary>Where a method's student is trained.</summary>
internal enum StudyRun
{
    /// <summary>900 annotated documents, four passes.</summary>
    Main,

    /// <summary>As many tokens of text that is seen once.</summary>
    Fresh,

    /// <summary>As <see cref="Main"/>, with 20 candidates per row.</summary>
    Wide,

    /// <summary>As <see cref="Main"/>, with 40 candidates per row.</summary>
    Widest,
}

/// <summary>A row of the study's table: a student, and what it is compared with.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Group">What it varies.</param>
/// <param name="Change">How it differs from preset <c>fusion</c>, or what it is, in a few words.</param>
internal sealed record StudyMethod(string Name, string Group, string Change)
{
    /// <summary>The preset that its switches start from.</summary>
    public string Preset { get; init; } = "fusion";

    /// <summary>Deviations from it.</summary>
    public Dictionary<string, string> Switches { get; init; } = [];

    /// <summary>The row that it is a change of, where that is not <c>fusion</c>; null where it is.</summary>
    public string? ChangeOf { get; init; }

    /// <summary>Its teachers.</summary>
    public string[] Sources { get; init; } = StudyMethods.Pair;

    /// <summary>Where its student is trained.</summary>
    public StudyRun Run { get; init; }

    /// <summary>0 for the rows that the presets are judged by, 1 for changes of a single switch, 2 for several at once, 3 for ideas: the order in which they are trained.</summary>
    public int Tier { get; init; }

    /// <summary>Whether its rows, and so the packing of its data, are the official code's; the control is packed alike.</summary>
    public bool Official => AlignmentPreset.Named(Preset).Output == OutputUnit.Official;

    /// <summary>Name of the student that saw the same tokens without teachers.</summary>
    public string Control => Run == StudyRun.Fresh ? StudyMethods.FreshControl : Official ? FuseRun.OfficialControlName : FuseRun.ControlName;

    /// <summary>The student in a fusion's configuration.</summary>
    /// <param name="learningRate">Highest learning rate of students with teachers.</param>
    public StudentConfig Student(double learningRate) => new() { Name = Name, Preset = Preset, Switches = Switches, Sources = Sources, LearningRate = learningRate };
}
