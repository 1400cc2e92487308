using PtaKernels.Demo;
using static TorchSharp.torch;

namespace PtaKernels.Effect;

/// <summary>How the study's models are trained; the demonstration's recipe.</summary>
internal static class StudyTraining
{
    /// <summary>Passes over the annotated documents.</summary>
    public const int Passes = 4;

    /// <summary>Teachers with other tokenizers, as the shipped ones.</summary>
    public static readonly DemoTraining Teacher = DemoSize.Teachers with { Compute = ScalarType.BFloat16 };

    /// <summary>The third teacher and the teacher with the target's own tokenizer, whose texts are longer in tokens.</summary>
    public static readonly DemoTraining OncePerText = Teacher with { Epochs = 1 };

    /// <summary>The target before any fusion.</summary>
    public static readonly DemoTraining Target = DemoSize.Full.PreTraining;

    /// <summary>Students; their learning rates are chosen by the study.</summary>
    public static readonly DemoTraining Student = DemoSize.Full.Training;
}
