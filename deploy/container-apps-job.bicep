// A nightly scan as an Azure Container Apps job, with an identity of its own that has
// Reader on a management group and may add blobs to one container. Deploy it at the
// management group: az deployment mg create --management-group-id ...
// --location ... --template-file ... --parameters ...
targetScope = 'managementGroup'

@description('The subscription and resource group that hold the job.')
param subscriptionId string
param resourceGroupName string
param location string

@description('The image, such as registry.example/posture:0.1.0, from where no sign-in is asked for.')
param image string

@description('The storage account, in that resource group, and its container for runs.')
param storageAccountName string
param containerName string

@description('When to scan: minute, hour, day, month, weekday, in UTC.')
param schedule string = '17 4 * * *'

var reader = 'acdd72a7-3385-48ef-bd42-f606fba81ae7'

module job 'container-apps-job-resources.bicep' = {
  name: 'posture-job'
  scope: resourceGroup(subscriptionId, resourceGroupName)
  params: {
    location: location
    image: image
    storageAccountName: storageAccountName
    containerName: containerName
    schedule: schedule
  }
}

resource readsEverything 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(managementGroup().id, subscriptionId, resourceGroupName, reader)
  properties: {
    roleDefinitionId: tenantResourceId('Microsoft.Authorization/roleDefinitions', reader)
    principalId: job.outputs.principalId
    principalType: 'ServicePrincipal'
  }
}
