using PtaKernels.Corpus;
using PtaKernels.Demo;
using PtaKernels.Text;
using PtaKernels.Training;
using static TorchSharp.torch;

namespace PtaKernels.Effect;

/// <summary>Scores a model that no fusion scores.</summary>
internal static class HeldOutText
{
    /// <summary>A model's scores of a text.</summary>
    /// <param name="texts">JSON lines with a field <c>domain</c>.</param>
    /// <param name="model">The checkpoint, its tokenizer beside it.</param>
    /// <param name="progress">Told the tokens done and their share.</param>
    /// <param name="notice">Told what is unusual.</param>
    /// <param name="cancellation">Stops.</param>
    public static DocumentScore[] Score(string texts, string model, Action<long, double>? progress, Action<string> notice, CancellationToken cancellation)
    {
        TorchRuntime.Load();
        var encoder = TextEncoder.Load(model);
        EvaluationDocument[] documents = [.. TextDocument.Read(texts, "domain").Select(d => EvaluationDocument.Of(d, encoder))];
        using CausalModel loaded = ModelFiles.Load(model, ScalarType.Float32, CPU, notice);
        return new Evaluator(loaded, encoder.Vocabulary, CPU) { Length = DemoSize.SequenceLength }.Score(documents, progress, cancellation);
    }
}
