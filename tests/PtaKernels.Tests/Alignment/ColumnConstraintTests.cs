using System.Runtime.InteropServices;
using CommunityToolkit.HighPerformance;
using PtaKernels.Alignment;
using PtaKernels.Rules;
using PtaKernels.Tests.Oracles;

namespace PtaKernels.Tests.Alignment;

/// <summary>SPEC A3.4, O10: a balanced plan gives no token more than the target did, before the row is scaled to 1; a semi-relaxed one does.</summary>
[TestFixture]
public sealed class ColumnConstraintTests
{
    private readonly IKernelBackend _backend = Backends.Backends.Open(null);

    [Test]
    public void BalancedColumnsStayBelowTheTarget([Values(ProjectionRule.Top1, ProjectionRule.Topk, ProjectionRule.Barycentric)] ProjectionRule projection)
    {
        int rows = 0, above = 0;
        ForEachTransferredRow(AlignmentPreset.Paper with { Projection = projection }, (plan, columns, b, aligned) =>
        {
            var fused = new FusedRow();
            PlanProjection.Project(new ReadOnlySpan2D<double>(plan), columns, projection, AlignmentPreset.Paper.ProjectionColumns, PlanProjection.TieTolerance, fused);
            for (int t = 0; t < fused.Tokens.Length; t++)
            {
                double most = b[Array.IndexOf(columns, fused.Tokens[t])];
                Assert.That(fused.Masses[t], Is.LessThanOrEqualTo(most + 1e-9));
                above += aligned[fused.Tokens[t]] > most + 1e-6 ? 1 : 0;
            }

            double sum = fused.Masses.ToArray().Sum();
            Assert.That(aligned, Has.Count.EqualTo(fused.Tokens.Length), "the row that the aligner gave is this projection, scaled");
            for (int t = 0; t < fused.Tokens.Length; t++)
                Assert.That(aligned[fused.Tokens[t]], Is.EqualTo(fused.Masses[t] / sum).Within(1e-8));
            rows++;
        });
        Assert.That(rows, Is.GreaterThan(50));
        Assert.That(above, projection == ProjectionRule.Barycentric ? Is.Zero : Is.Positive, "scaling may lift a column above the target, so the bound is one before it");
    }

    [Test]
    public void SemiRelaxedColumnsDoNot()
    {
        int above = 0;
        ForEachTransferredRow(
            AlignmentPreset.Paper with { Transport = TransportKind.SemiRelaxed, Sources = SourceMerging.Independent, Fusion = FusionFunction.MinCe },
            (plan, columns, b, _) => above += Enumerable.Range(0, columns.Length).Any(j => Enumerable.Range(0, SmallModel.K).Sum(i => plan[i, j]) > b[j] + 1e-3) ? 1 : 0);
        Assert.That(above, Is.GreaterThan(20));
    }

    private delegate void RowCheck(double[,] plan, int[] columns, double[] b, Dictionary<int, double> aligned);

    private void ForEachTransferredRow(AlignmentOptions options, RowCheck check)
    {
        Random random = new(1);
        SmallModel model = SmallModel.Sources[0];
        var aligner = new DocumentAligner(_backend, [new AlignmentSource(model.Name, model.To(SmallModel.Target))], options);
        for (int d = 0; d < 20; d++)
        {
            string text = SmallModel.RandomText(random, 12);
            DraftDocument source = model.Draw(random, "d", text), target = SmallModel.Target.Draw(random, "d", text);
            AlignedDocument merged = aligner.Align(target.ToDocument(), [source.ToDocument()], new AlignmentRunReport(1)).Merged!;
            for (int i = 0; i < merged.Rows; i++)
            {
                if (!merged[i].Transferred)
                    continue;
                int j = merged[i].SourceRow, n = source.Candidates[j].Length, m = target.Candidates[i].Length;
                double[] a = Softmax(source.Logits[j]), b = Softmax(target.Logits[i]);
                double[,] plan = new double[n, m];
                byte[] cost = [.. source.Candidates[j].SelectMany(s => target.Candidates[i].Select(t => Cost(model, s, t)))];
                _backend.SolveTransport(
                    new CostMatrix<byte>(cost, 1, n, m), new Marginals(a, b), options.TransportOptions,
                    new TransportPlan(MemoryMarshal.CreateSpan(ref plan[0, 0], n * m), [], [], 1, n, m), new TransportOutcome[1]);
                check(plan, target.Candidates[i], b, merged.IndicesOf(i).ToArray().Zip(merged.ValuesOf(i).ToArray()).ToDictionary());
            }
        }
    }

    private static byte Cost(SmallModel model, int source, int target)
    {
        bool sourceSpecial = source < SmallModel.FirstText, targetSpecial = target < SmallModel.FirstText;
        if (sourceSpecial || targetSpecial)
            return sourceSpecial && targetSpecial ? (byte)0 : (byte)64; // the only special candidate is the end of sequence
        return (byte)TextOracle.Levenshtein(model.Vocabulary.Bytes[source].ToArray(), SmallModel.Target.Vocabulary.Bytes[target].ToArray());
    }

    private static double[] Softmax(double[] logits) => [.. logits.Select(l => Math.Exp(l) / logits.Sum(Math.Exp))];
}
