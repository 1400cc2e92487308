using TorchSharp;
using static TorchSharp.torch;

namespace PtaKernels.Training.Tests.Models;

/// <summary>Logits and gradients against an independent model (tests/golden/models).</summary>
public sealed class ModelGoldenTests
{
    private const double Float32Tolerance = 1e-4;

    // Eight bits through two layers of random weights, as a share of the batch's largest logit: worst and root mean square.
    private const double Bfloat16Worst = 0.06;
    private const double Bfloat16Typical = 0.015;

    [OneTimeSetUp]
    public void Load() => TorchRuntime.Load();

    [Test]
    public void EveryFamilyIsThere() =>
        Assert.That(ModelGoldens.Names.Select(static n => ModelFiles.ReadConfig(ModelGoldens.Folder(n)).Family).Distinct(), Is.EquivalentTo(Enum.GetValues<ModelFamily>()));

    [Test]
    public void Float32LogitsAgree([ValueSource(typeof(ModelGoldens), nameof(ModelGoldens.Names))] string name, [Values] bool packed)
    {
        float[] expected = ModelGoldens.Floats(name, packed ? "packed_logits" : "logits");
        float[] actual = Logits(name, ScalarType.Float32, packed);
        Assert.That(actual, Has.Length.EqualTo(expected.Length));
        double worst = expected.Zip(actual).Max(static p => Math.Abs(p.First - p.Second) / Math.Max(1, Math.Abs(p.First)));
        TestContext.Out.WriteLine($"{name} packed={packed}: {worst:E2}");
        Assert.That(worst, Is.LessThan(Float32Tolerance));
    }

    [Test]
    public void Bfloat16LogitsAgree([ValueSource(typeof(ModelGoldens), nameof(ModelGoldens.Names))] string name, [Values] bool packed)
    {
        float[] expected = ModelGoldens.Floats(name, packed ? "packed_logits" : "logits");
        float[] actual = Logits(name, ScalarType.BFloat16, packed);
        double largest = expected.Max(Math.Abs);
        double worst = expected.Zip(actual).Max(static p => Math.Abs(p.First - p.Second)) / largest;
        double typical = Math.Sqrt(expected.Zip(actual).Average(static p => Math.Pow(p.First - p.Second, 2))) / largest;
        TestContext.Out.WriteLine($"{name} packed={packed}: {worst:E2} {typical:E2}");
        Assert.That(worst, Is.LessThan(Bfloat16Worst));
        Assert.That(typical, Is.LessThan(Bfloat16Typical));
    }

    [Test]
    public void GradientsAgree([ValueSource(typeof(ModelGoldens), nameof(ModelGoldens.Names))] string name)
    {
        using var scope = NewDisposeScope();
        using CausalModel model = ModelFiles.Load(ModelGoldens.Folder(name), ScalarType.Float32);
        using AttentionPattern attention = ModelGoldens.Packed(name);
        float loss = Backward(model, ModelGoldens.Ids(name), attention);
        float[] expected = ModelGoldens.Floats(name, "gradients");
        Assert.That(loss, Is.EqualTo(ModelGoldens.Floats(name, "loss")[0]).Within(Float32Tolerance).Percent);
        string[] order = [.. model.Weights.Names.Order(StringComparer.Ordinal)];
        using (Assert.EnterMultipleScope())
        {
            Assert.That(expected, Has.Length.EqualTo(2 * order.Length));
            for (int i = 0; i < order.Length; i++)
            {
                Tensor gradient = model.Weights[order[i]].grad!;
                float norm = expected[2 * i];
                Assert.That(gradient.norm().item<float>(), Is.EqualTo(norm).Within(Float32Tolerance * norm), order[i]);
                Assert.That(gradient.sum().item<float>(), Is.EqualTo(expected[(2 * i) + 1]).Within(1e-3 * norm), order[i]);
            }
        }
    }

    [Test]
    public void GradientsAreFiniteAndNothingStaysBehind(
        [ValueSource(typeof(ModelGoldens), nameof(ModelGoldens.Names))] string name, [Values(ScalarType.Float32, ScalarType.BFloat16)] ScalarType type)
    {
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        using (CausalModel model = ModelFiles.Load(ModelGoldens.Folder(name), type))
        {
            List<long> live = [];
            for (int step = 0; step < 4; step++)
            {
                using (NewDisposeScope())
                {
                    using AttentionPattern attention = step % 2 == 0 ? ModelGoldens.Packed(name) : AttentionPattern.Causal(2, 16, CPU);
                    Backward(model, ModelGoldens.Ids(name), attention);
                    foreach (string weight in model.Weights.Names)
                        Assert.That(model.Weights[weight].grad!.isfinite().all().item<bool>(), weight);
                    if (step > 0)
                        Assert.That(model.Weights.Names.All(n => model.Weights[n].grad!.ne(0).any().item<bool>()), "every weight matters");
                }

                live.Add(DisposeScopeManager.Statistics.ThreadTotalLiveCount);
            }

            Assert.That(live.Distinct().Count(), Is.EqualTo(1), string.Join(", ", live));
        }

        Assert.That(DisposeScopeManager.Statistics.ThreadTotalLiveCount, Is.EqualTo(before));
    }

    [Test]
    public void LayersOneByOneAreTheHiddenState()
    {
        using var scope = NewDisposeScope();
        using CausalModel model = ModelFiles.Load(ModelGoldens.Folder("qwen2"), ScalarType.Float32);
        using AttentionPattern attention = ModelGoldens.Packed("qwen2");
        Tensor hidden = model.Embed(ModelGoldens.Ids("qwen2"));
        for (int layer = 0; layer < model.Config.Layers; layer++)
            hidden = model.Layer(layer, hidden, attention);
        Assert.That(model.FinalNorm(hidden).equal(model.Hidden(ModelGoldens.Ids("qwen2"), attention)).all().item<bool>());
    }

    [Test]
    public void AdapterOnAnyMapOfAnyFamilyChangesTheLogits([Values("llama", "qwen2", "mpt-six-heads", "neox-parallel")] string name)
    {
        using var scope = NewDisposeScope();
        using CausalModel model = ModelFiles.Load(ModelGoldens.Folder(name), ScalarType.Float32);
        using AttentionPattern attention = ModelGoldens.Packed(name);
        Tensor plain = model.Logits(ModelGoldens.Ids(name), attention);
        foreach (string map in model.LinearNames)
        {
            long[] shape = model.Weights[map].shape;
            Tensor a = randn(2, shape[1]);
            Tensor b = randn(shape[0], 2);
            model.Adapters[map] = new LowRankAdapter(a, b, 0.5);
            using Tensor adapted = model.Logits(ModelGoldens.Ids(name), attention);
            Tensor sum = model.Merged(map);
            model.Adapters.Clear();
            Tensor former = model.Weights[map].clone();
            model.Weights.Replace(map, sum);
            using Tensor merged = model.Logits(ModelGoldens.Ids(name), attention);
            model.Weights.Replace(map, former);
            Assert.That(adapted.allclose(plain), Is.False, map);
            Assert.That(adapted.allclose(merged, 1e-3, 1e-3), Is.True, map);
        }
    }

    private static float[] Logits(string name, ScalarType type, bool packed)
    {
        using var scope = NewDisposeScope();
        using CausalModel model = ModelFiles.Load(ModelGoldens.Folder(name), type);
        using AttentionPattern attention = packed ? ModelGoldens.Packed(name) : AttentionPattern.Causal(2, 16, CPU);
        return [.. model.Logits(ModelGoldens.Ids(name), attention).to(ScalarType.Float32).flatten().data<float>()];
    }

    /// <summary>Mean next-token loss, differentiated by every weight.</summary>
    private static float Backward(CausalModel model, Tensor ids, AttentionPattern attention)
    {
        foreach (string weight in model.Weights.Names)
        {
            model.Weights[weight].requires_grad = true;
            model.Weights[weight].grad = null;
        }

        using var scope = NewDisposeScope();
        Tensor logits = model.Logits(ids, attention).to(ScalarType.Float32).narrow(1, 0, ids.shape[1] - 1);
        Tensor loss = nn.functional.cross_entropy(logits.flatten(0, 1), ids.narrow(1, 1, ids.shape[1] - 1).flatten());
        loss.backward();
        return loss.item<float>();
    }
}
