using System.Text.Json;
using System.Text.Json.Nodes;
using PtaKernels.Corpus;
using PtaKernels.Training.Safetensors;
using static TorchSharp.torch;

namespace PtaKernels.Training;

/// <summary>What a run leaves: a checkpoint like the student's, from the float32 masters; adapters are added into its weights, and also saved apart.</summary>
internal static class TrainedModel
{
    /// <summary>Subfolder with adapters in PEFT's layout.</summary>
    public const string AdapterFolder = "adapter";

    /// <summary>Saves the model in the layout and types of the folder it came from.</summary>
    /// <param name="model">The model.</param>
    /// <param name="weights">Its masters.</param>
    /// <param name="folder">Appears when it is complete; an older one is replaced then.</param>
    /// <param name="options">The run.</param>
    /// <exception cref="AlignmentDataException">The disk is full or refuses.</exception>
    public static void Save(CausalModel model, TrainableWeights weights, string folder, TrainingOptions options)
    {
        using var frozen = no_grad();
        using (var destination = new AtomicFolder(folder, replace: true))
        {
            using var scope = NewDisposeScope();
            ModelFiles.SaveInto(destination, model.Config, name => weights.MasterOf(name) ?? model.Merged(name), options.Model, type: null);
            destination.Commit();
        }

        if (model.Adapters.Count > 0)
            SaveAdapters(model, weights, Path.Combine(Path.GetDirectoryName(folder)!, AdapterFolder), options);
    }

    private static void SaveAdapters(CausalModel model, TrainableWeights weights, string folder, TrainingOptions options)
    {
        const string Suffix = ".weight";
        var tensors = new List<(string, Tensor)>();
        foreach (string name in model.Adapters.Keys.Order(StringComparer.Ordinal))
        {
            string place = "base_model.model." + name[..^Suffix.Length];
            tensors.Add((place + ".lora_A" + Suffix, weights.MasterOf(TrainableWeights.AdapterA(name))!));
            tensors.Add((place + ".lora_B" + Suffix, weights.MasterOf(TrainableWeights.AdapterB(name))!));
        }

        var config = new JsonObject
        {
            ["peft_type"] = "LORA",
            ["task_type"] = "CAUSAL_LM",
            ["base_model_name_or_path"] = options.Model,
            ["r"] = options.LoraRank,
            ["lora_alpha"] = options.LoraAlpha,
            ["lora_dropout"] = 0.0,
            ["bias"] = "none",
            ["fan_in_fan_out"] = false,
            ["inference_mode"] = true,
            ["target_modules"] = new JsonArray([.. model.Adapters.Keys.Select(static n => n[..^Suffix.Length].Split('.')[^1]).Distinct().Order(StringComparer.Ordinal).Select(static n => (JsonNode)n)]),
        };
        using var destination = new AtomicFolder(folder, replace: true);
        destination.Write("adapter_model.safetensors", stream => ModelFiles.WriteTensors(stream, tensors, ScalarType.Float32));
        destination.Write("adapter_config.json", JsonSerializer.SerializeToUtf8Bytes(config, JsonText.Indented));
        destination.Commit();
    }
}
