using System.Diagnostics;
using PtaKernels.Corpus;
using PtaKernels.Demo;
using PtaKernels.Pipeline;
using PtaKernels.Text;
using PtaKernels.Training;

namespace PtaKernels.Effect;

/// <summary>The control that spends on more text what the others spend on teachers: plain training on text that, as far as it lasts, is seen once, with as many floating-point operations as a fusion takes.</summary>
/// <param name="folder">For what it leaves.</param>
/// <param name="stages">Knows what is finished.</param>
/// <param name="progress">Is told what happens.</param>
internal sealed class PlainStudent(string folder, StageRunner stages, IFuseProgress progress)
{
    /// <summary>Operations per weight and token: 2 forward, and twice that backward.</summary>
    private const double Forward = 2, Training = 6;

    /// <summary>Trains and evaluates it.</summary>
    /// <param name="target">The target's checkpoint.</param>
    /// <param name="teachers">The teachers whose forward passes over <paramref name="annotated"/> it need not pay for.</param>
    /// <param name="annotated">The text of a fusion.</param>
    /// <param name="texts">All text.</param>
    /// <param name="heldOut">Text to be scored, with a field <c>domain</c>.</param>
    /// <param name="learningRate">Highest rate.</param>
    /// <param name="seed">Order.</param>
    /// <param name="cancellation">Stops; the same call goes on.</param>
    public (PlainOutcome Outcome, ModelScores Scores) Run(string target, IReadOnlyList<string> teachers, string annotated, string texts, string heldOut, double learningRate, int seed, CancellationToken cancellation)
    {
        string packed = Path.Combine(folder, "packed"), run = Path.Combine(folder, "run"), scores = Path.Combine(folder, "scores.json");
        string key = StageRecords.KeyOf(
            StageRecords.Fingerprint(target), teachers.Select(static t => StageRecords.Fingerprint(t)), StageRecords.Fingerprint(annotated), StageRecords.Fingerprint(texts), StageRecords.Fingerprint(heldOut), learningRate, seed, StudyTraining.Student, StudyTraining.Passes);
        StageRecord record = stages.Run($"train {StudyMethods.EqualCostControl}", "tokens", key, [packed, run, scores], report =>
        {
            var encoder = TextEncoder.Load(target);
            double wanted = StudyTraining.Passes * TokensOf(annotated, target) + (teachers.Append(target).Sum(m => Forward * SizeOf(m) * TokensOf(annotated, m)) / (Training * SizeOf(target)));
            PackingReport all = new PackingRun { InputPath = texts, Encoder = encoder, OutputPath = packed, Replace = true, Length = DemoSize.SequenceLength }.Run(cancellation);
            TrainingOptions options = (StudyTraining.Student with { LearningRate = learningRate, Epochs = wanted / all.Tokens }).Options(target, packed, run, 1, seed);
            var clock = Stopwatch.StartNew();
            TrainOutcome done = TrainOutcome.Train(options, progress, report, cancellation);
            double seconds = clock.Elapsed.TotalSeconds;
            ModelScores.Write(scores, Study.ScoresOf(heldOut, Path.Combine(run, "model"), null, progress, cancellation));
            return new PlainOutcome(done.Steps, done.Tokens, seconds);
        }, static done => $"{done.Steps} steps, {done.Tokens} tokens");
        return (record.ResultAs<PlainOutcome>(), ModelScores.Read(scores));
    }

    private static double SizeOf(string model) => ModelFiles.Parameters(ModelFiles.ReadConfig(model));

    private static double TokensOf(string texts, string model)
    {
        var encoder = TextEncoder.Load(model);
        return TextDocument.Read(texts, null).Sum(d => (double)encoder.EncodeSequence(System.Text.Encoding.UTF8.GetBytes(d.Text), true, true).Length);
    }
}

/// <summary>What its training took.</summary>
internal sealed record PlainOutcome(int Steps, long Tokens, double Seconds);
