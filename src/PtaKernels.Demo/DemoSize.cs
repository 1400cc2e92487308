namespace PtaKernels.Demo;

/// <summary>How much the demonstration does.</summary>
internal sealed record DemoSize
{
    /// <summary>Positions of a sequence, of a document and of what a model sees.</summary>
    public const int SequenceLength = 384;

    /// <summary>The tokenizer's file beside a configuration.</summary>
    public const string TokenizerName = "tokenizer.model";

    /// <summary>All of it: about four minutes on two cores.</summary>
    public static readonly DemoSize Full = new();

    /// <summary>Enough to see the order of fusion and control.</summary>
    public static readonly DemoSize Reduced = new() { HeldOut = 500, Transfer = 450, Students = ["fusion"] };

    /// <summary>How the teachers were made.</summary>
    public static readonly DemoTraining Teachers = new(3e-3, 0.03, 4, 1.5);

    /// <summary>Held-out documents at most.</summary>
    public int HeldOut { get; init; } = int.MaxValue;

    /// <summary>Documents that the target is pre-trained on.</summary>
    public int PreTrainingDocuments { get; init; } = 1100;

    /// <summary>Documents that teachers annotate and students are trained on.</summary>
    public int Transfer { get; init; } = 900;

    /// <summary>How the target is pre-trained.</summary>
    public DemoTraining PreTraining { get; init; } = new(2e-3, 0.03, 4, 3);

    /// <summary>How students are trained.</summary>
    public DemoTraining Training { get; init; } = new(2e-3, 0.03, 2, 4);

    /// <summary>The students, each named as its preset; the control is trained on the first one's data.</summary>
    public string[] Students { get; init; } = ["fusion", "paper", "reference"];

    /// <summary>First weights and orders.</summary>
    public int Seed { get; init; } = 1;
}
